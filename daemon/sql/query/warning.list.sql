-- SPDX-License-Identifier: MIT
-- doc: What the audit warns of in sessions that are open, the worst first, as far as nobody has acknowledged it. It names nobody: clients are
-- doc: numbers of this database. What comes anew is told on the live stream as audit.finding.
-- role: viewer
-- shape: list
-- column: session int -- The session's number.
-- column: pens json -- Serial numbers of the pens that it has.
-- column: finding text -- Which it is, as in audit.list.
-- column: rule text -- The rule.
-- column: severity text -- info, warn, error or critical.
-- column: since time -- When it was noticed.
-- column: says text -- What is the matter.
-- column: do text -- What to do.

SELECT w.session, (SELECT json_group_array(p.serial) FROM assignment a JOIN pen p ON p.id = a.pen
		WHERE a.session = w.session AND a.void IS NULL AND a.to_us IS NULL) AS pens,
	w.finding, w.rule, w.severity, w.seen_us AS since, w.says, w.does AS "do"
FROM session s CROSS JOIN audit_seen w ON w.session = s.id
WHERE s.state = 'open' AND s.start_us > 0 AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.finding = w.finding)
ORDER BY CASE w.severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END, w.seen_us DESC, w.finding
