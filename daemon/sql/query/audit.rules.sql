-- SPDX-License-Identifier: MIT
-- doc: The rules of the audit, with what holds today.
-- role: operator
-- shape: list
-- param: profile ref:profile -- By this profile instead of those in use.
-- column: rule text -- Its name.
-- column: doc text -- What it checks.
-- column: scope text -- What a finding is of: session, pen, lot, client, place or record.
-- column: online bool -- It warns while a session is open.
-- column: enabled bool -- It applies today.
-- column: severity text -- Of its findings; null: as the threshold says that was broken.
-- column: values json -- Its thresholds: [{name, value, unit, severity},...]; value null: off.
-- column: thresholds text -- The same in a line: warn_h 4, error_h 8.
-- column: source text -- Who asks for it.

-- few: the rules of this program.
SELECT few.name AS rule, few.doc, few.scope, few.online,
	(SELECT t.value FROM audit_threshold t WHERE t.rule = few.name AND t.name = 'enabled' AND t.from_day <= local_day(unixepoch('now') * 1000000)
		AND t.to_day > local_day(unixepoch('now') * 1000000)) AS enabled,
	(SELECT t.value FROM audit_threshold t WHERE t.rule = few.name AND t.name = 'severity' AND t.from_day <= local_day(unixepoch('now') * 1000000)
		AND t.to_day > local_day(unixepoch('now') * 1000000)) AS severity,
	(SELECT json_group_array(json_object('name', d.name, 'value', (SELECT t.value FROM audit_threshold t WHERE t.rule = d.rule AND t.name = d.name
			AND t.from_day <= local_day(unixepoch('now') * 1000000) AND t.to_day > local_day(unixepoch('now') * 1000000)),
			'unit', d.unit, 'severity', d.severity))
		FROM audit_default d INDEXED BY audit_default_position WHERE d.rule = few.name AND d.position >= 3) AS "values",
	(SELECT group_concat(few.said, ', ')
		FROM (SELECT d.name || ' ' || coalesce((SELECT t.value FROM audit_threshold t WHERE t.rule = d.rule AND t.name = d.name
				AND t.from_day <= local_day(unixepoch('now') * 1000000) AND t.to_day > local_day(unixepoch('now') * 1000000)), 'off') AS said
			FROM audit_default d INDEXED BY audit_default_position WHERE d.rule = few.name AND d.position >= 3 ORDER BY d.position) few) AS thresholds,
	(SELECT t.value FROM audit_threshold t WHERE t.rule = few.name AND t.name = 'source' AND t.from_day <= local_day(unixepoch('now') * 1000000)
		AND t.to_day > local_day(unixepoch('now') * 1000000)) AS source
FROM audit_rule few
WHERE few.name > '' AND (:profile IS NULL OR :profile IS NOT NULL)
ORDER BY few.name
