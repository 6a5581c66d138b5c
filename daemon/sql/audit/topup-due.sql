-- SPDX-License-Identifier: MIT
-- doc: A completed course fades: so many months after it, or after the client's last session since, a top-up is due. What the course itself
-- doc: says goes before the profile. Only a client's latest course that was not abandoned counts; erased clients are left alone.
-- source: practice
-- scope: client
-- severity: info
-- threshold: min_months int 36 months -- Due when so many months have passed.
-- threshold: max_months int 60 months -- Late when so many months have passed.
-- key: course
-- says: {client} had the last session of course {ordinal} on {last_day}: a top-up has been due since {due_day}{late}.
-- do: Ask the client in: due lists everybody.

-- span: the months after which any course is due. What is due from a day on was completed, or last worked on, that long before, give or take
-- the months' lengths.
WITH span (shortest, longest) AS MATERIALIZED (
	SELECT min(m.months), max(m.months)
	FROM (SELECT value AS months FROM audit_threshold WHERE rule = 'topup-due' AND name = 'min_months'
		UNION ALL SELECT min(topup_min_months) FROM course WHERE topup_min_months IS NOT NULL
		UNION ALL SELECT max(topup_min_months) FROM course WHERE topup_min_months IS NOT NULL) m
)
SELECT g.due_us AS at_us, g.client AS client, g.course AS course, g.ordinal AS ordinal, local_day(g.base_us) AS last_day, local_day(g.due_us) AS due_day,
	(:today / 10000 - local_day(g.base_us) / 10000) * 12 + :today / 100 % 100 - local_day(g.base_us) / 100 % 100
		- (:today % 100 < local_day(g.base_us) % 100) AS value,
	g.months AS threshold,
	iif(strftime('%s', g.base_us / 1000000, 'unixepoch', '+' || g.late_months || ' months') * 1000000 < :now_us, ', and is late', '') AS late
FROM (SELECT b.*, strftime('%s', b.base_us / 1000000, 'unixepoch', '+' || b.months || ' months') * 1000000 AS due_us
	FROM (SELECT k.client AS client, k.id AS course, k.ordinal AS ordinal,
			CAST(coalesce(k.topup_min_months, t.value) AS INTEGER) AS months, CAST(coalesce(k.topup_max_months, m.value) AS INTEGER) AS late_months,
			max(k.completed_us, coalesce((SELECT max(s.start_us) FROM session s WHERE s.client = k.client AND s.state <> 'void'
				AND s.kind <> 'consultation'), 0)) AS base_us
		FROM client c JOIN course k ON k.client = c.id
			JOIN audit_threshold t ON t.rule = 'topup-due' AND t.name = 'min_months' AND :today >= t.from_day AND :today < t.to_day
			JOIN audit_threshold m ON m.rule = 'topup-due' AND m.name = 'max_months' AND :today >= m.from_day AND :today < m.to_day
		WHERE k.state = 'completed' AND k.completed_us IS NOT NULL AND c.erased_us IS NULL
			AND NOT EXISTS (SELECT 1 FROM course n WHERE n.client = k.client AND n.ordinal > k.ordinal AND n.state <> 'abandoned')
			AND c.id = :client    -- if client
			AND k.id IN (SELECT q.id FROM course q INDEXED BY course_completed WHERE q.state = 'completed' -- if since_us
				AND q.completed_us >= :since_us - ((SELECT longest FROM span) * 31 + 2) * 86400000000 -- if since_us
				AND q.completed_us < :until_us - ((SELECT shortest FROM span) * 28 - 2) * 86400000000 -- if since_us and until_us
				UNION SELECT q.id FROM session s CROSS JOIN course q ON q.client = s.client WHERE true -- if since_us
				AND s.start_us >= :since_us - ((SELECT longest FROM span) * 31 + 2) * 86400000000 -- if since_us
				AND s.start_us < :until_us - ((SELECT shortest FROM span) * 28 - 2) * 86400000000 -- if since_us and until_us
				) -- if since_us
		) b
	) g
WHERE g.due_us < :now_us
	AND g.due_us >= :since_us     -- if since_us
	AND g.due_us < :until_us      -- if until_us
