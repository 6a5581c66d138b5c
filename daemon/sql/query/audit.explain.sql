-- SPDX-License-Identifier: MIT
-- doc: One rule of the audit: what it checks, what it says, and its values with their sources, each with the days on which it holds.
-- role: operator
-- shape: object
-- param: rule text required max=64 -- Its name; audit.rules lists them.
-- param: profile ref:profile -- By this profile instead of those in use.
-- column: rule text -- Its name.
-- column: doc text -- What it checks.
-- column: scope text -- What a finding is of: session, pen, lot, client, place or record.
-- column: online bool -- It warns while a session is open.
-- column: says text -- What a finding says, with {names} for what was found.
-- column: do text -- What to do then.
-- column: values json -- What holds when: [{name, doc, value, unit, severity, source, from, to},...]; from null: always, to: the first day that it no longer holds, null: it holds on. enabled is 1 or 0.

SELECT r.name AS rule, r.doc, r.scope, r.online, r.says, r.does AS "do",
	(SELECT json_group_array(json_object('name', few.name, 'doc', few.doc, 'value', few.value, 'unit', few.unit, 'severity', few.severity,
			'source', few.source, 'from', day_text(nullif(few.from_day, 0)), 'to', day_text(nullif(few.to_day, 99999999))))
		FROM (SELECT d.name AS name, d.doc AS doc, t.value AS value, d.unit AS unit, d.severity AS severity,
				coalesce(t.source, (SELECT s.value FROM audit_threshold s WHERE s.rule = r.name AND s.name = 'source' AND s.from_day <= t.from_day
					AND s.to_day > t.from_day)) AS source,
				t.from_day AS from_day, t.to_day AS to_day
			FROM audit_default d INDEXED BY audit_default_position CROSS JOIN audit_threshold t ON t.rule = d.rule AND t.name = d.name
			WHERE d.rule = r.name AND d.name <> 'source'
			UNION ALL -- retention-due goes by what [retention] says
			SELECT t.name, NULL, t.value, NULL, NULL, coalesce(t.source, (SELECT s.value FROM audit_threshold s WHERE s.rule = t.rule
				AND s.name = 'source' AND s.from_day <= t.from_day AND s.to_day > t.from_day)), t.from_day, t.to_day
			FROM audit_threshold t
			WHERE r.name = 'retention-due' AND t.rule = 'retention' AND t.name <> 'source'
			LIMIT 1000) few) AS "values"
FROM audit_rule r
WHERE r.name = :rule AND (:profile IS NULL OR :profile IS NOT NULL)
