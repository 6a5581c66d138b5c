-- What no longer holds of the sessions that were looked at may be told again.
DELETE FROM audit_seen
WHERE session IN (SELECT value FROM json_each(:told, '$.sessions'))
	AND finding NOT IN (SELECT value ->> 'finding' FROM json_each(:told, '$.findings'))
