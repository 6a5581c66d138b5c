-- SPDX-License-Identifier: MIT
-- doc: A client's record that is kept longer than the profile's maximum after the last session, or after it was begun. Clients under legal hold
-- doc: and those whose record was erased are left alone; a profile without a maximum finds nothing.
-- source: the retention of the profile in force
-- scope: client
-- severity: warn
-- key: client
-- says: The record of {client}, last used on {last_day}, should have been kept for {years} years at most.
-- do: Erase it, client erase, or put it under hold with the reason, client hold.

SELECT g.due_us AS at_us, g.client AS client, local_day(g.base_us) AS last_day, g.years AS years
FROM (SELECT b.client AS client, b.base_us AS base_us, CAST(t.value AS INTEGER) AS years,
		strftime('%s', b.base_us / 1000000, 'unixepoch', '+' || CAST(t.value AS INTEGER) || ' years') * 1000000 AS due_us
	FROM (SELECT c.id AS client, max(c.added_us, coalesce((SELECT max(coalesce(s.end_us, s.start_us)) FROM session s
				WHERE s.client = c.id AND s.state <> 'void'), 0)) AS base_us
		FROM client c
		WHERE c.erased_us IS NULL AND c.hold_us IS NULL
			AND c.id = :client    -- if client
		) b
		JOIN audit_threshold t ON t.rule = 'retention' AND t.name = 'maximum_years' AND :today >= t.from_day AND :today < t.to_day
	) g
WHERE g.due_us < :now_us
