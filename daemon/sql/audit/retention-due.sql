-- SPDX-License-Identifier: MIT
-- doc: A client's record that is kept longer than the profile's maximum after the last session, or after it was begun. Clients under legal hold
-- doc: and those whose record was erased are left alone; a profile without a maximum finds nothing.
-- source: the retention of the profile in force
-- scope: client
-- severity: warn
-- key: client
-- says: The record of {client}, last used on {last_day}, should have been kept for {years} at most.
-- do: Erase it, client erase, or put it under hold with the reason, client hold.

SELECT g.due_us AS at_us, g.client AS client, local_day(g.base_us) AS last_day, g.years || iif(g.years = 1, ' year', ' years') AS years
FROM (SELECT b.client AS client, b.base_us AS base_us, b.years AS years,
		strftime('%s', b.base_us / 1000000, 'unixepoch', '+' || b.years || ' years') * 1000000 AS due_us
	FROM (SELECT c.id AS client, CAST(t.value AS INTEGER) AS years,
			max(c.added_us, coalesce((SELECT max(coalesce(s.end_us, s.start_us)) FROM session s
				WHERE s.client = c.id AND s.state <> 'void'), 0)) AS base_us
		FROM audit_threshold t CROSS JOIN client c
		WHERE t.rule = 'retention' AND t.name = 'maximum_years' AND :today >= t.from_day AND :today < t.to_day
			AND c.erased_us IS NULL AND c.hold_us IS NULL
			AND c.id = :client    -- if client
			AND c.id IN (SELECT y.id FROM client y WHERE true -- if since_us
				AND y.added_us >= :since_us - (CAST(t.value AS INTEGER) * 366 + 2) * 86400000000 -- if since_us
				AND y.added_us < :until_us - (CAST(t.value AS INTEGER) * 365 - 2) * 86400000000 -- if since_us and until_us
				UNION SELECT y.client FROM session y WHERE true -- if since_us
				AND y.start_us >= :since_us - (CAST(t.value AS INTEGER) * 366 + 9) * 86400000000 -- if since_us
				AND y.start_us < :until_us - (CAST(t.value AS INTEGER) * 365 - 2) * 86400000000 -- if since_us and until_us
				) -- if since_us
		) b
	) g
WHERE g.due_us < :now_us
	AND g.due_us >= :since_us     -- if since_us
	AND g.due_us < :until_us      -- if until_us
