-- What was found in the sessions that were looked at.
INSERT INTO audit_seen (finding, rule, severity, session, client, pen, lot, at_us, says, does, seen_us)
SELECT value ->> 'finding', value ->> 'rule', value ->> 'severity', value ->> 'session', value ->> 'client', value ->> 'pen', value ->> 'lot',
	value ->> 'at_us', value ->> 'says', value ->> 'does', :now_us
FROM json_each(:told, '$.findings')
WHERE true
ON CONFLICT (finding) DO UPDATE SET severity = excluded.severity, at_us = excluded.at_us, says = excluded.says, does = excluded.does
