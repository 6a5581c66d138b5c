-- SPDX-License-Identifier: MIT
-- doc: A pen that goes from one client to another is disinfected or sterilised, and gets a new barrier film, between the two: after it left the
-- doc: one, and before its first run with the other. What is recorded for the session without naming a pen counts for each of its pens; a film
-- doc: that was used in the session, by its box, counts whenever that was written down. While nobody has said who sits in one of the two
-- doc: sessions they are taken for two clients.
-- source: NEHA Body Art Model Code 2024 s.8.1-8.2
-- scope: session
-- online: yes
-- severity: critical
-- key: session pen other_session
-- says: {pen} went from {other_client} to {client} without {what}; {other_session} had it before.
-- do: Stop and do it, and record it: hygiene add. If it was done and not written down, record it with its time.

-- A pen taken from another client: free_us, since when it could be cleaned; by_us, until when.
WITH taken AS MATERIALIZED (
	SELECT a.from_us AS at_us, s.day AS day, s.id AS session, s.client AS client, a.pen AS pen, s.practitioner AS practitioner, s.place AS place,
		o.id AS other_session, o.client AS other_client, coalesce(b.to_us, o.end_us, a.from_us) AS free_us, coalesce(a.to_us, s.end_us) AS to_us,
		coalesce((SELECT x.first_us FROM session_total x WHERE x.session = s.id AND x.pen = a.pen AND x.first_us >= a.from_us),
			(SELECT r.start_us FROM run r WHERE r.session = s.id AND r.start_us >= a.from_us AND r.pen = a.pen ORDER BY r.start_us LIMIT 1),
			a.to_us, s.end_us, :now_us) AS by_us
	FROM session s
		CROSS JOIN assignment a ON a.session = s.id AND a.void IS NULL
		JOIN assignment b ON b.id = (SELECT x.id FROM assignment x JOIN session xs ON xs.id = x.session
			WHERE x.pen = a.pen AND x.from_us < a.from_us AND x.void IS NULL AND xs.state <> 'void' ORDER BY x.from_us DESC LIMIT 1)
		JOIN session o ON o.id = b.session
	WHERE s.state <> 'void' AND o.id <> s.id AND (o.client IS NULL OR s.client IS NULL OR o.client <> s.client)
		-- part: rule.session
		AND +a.pen = :pen             -- if pen
)
SELECT g.at_us AS at_us, g.day AS day, g.session AS session, g.client AS client, g.pen AS pen, g.practitioner AS practitioner, g.place AS place,
	g.other_session AS other_session, g.other_client AS other_client,
	iif(g.clean, 'a new barrier film', iif(g.film, 'disinfection', 'disinfection or a new barrier film'))
		|| iif(EXISTS (SELECT 1 FROM hygiene h WHERE h.pen = g.pen AND h.void IS NULL AND h.at_us > g.by_us AND h.at_us <= coalesce(g.to_us, :now_us)
			AND (NOT g.clean AND h.kind IN ('disinfected', 'sterilised') OR NOT g.film AND h.kind = 'barrier')),
			' before its first run, at ' || local_time(g.by_us), '') AS what
FROM (SELECT taken.*,
		EXISTS (SELECT 1 FROM hygiene h WHERE h.pen = taken.pen AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL
			AND h.at_us >= free_us AND h.at_us <= by_us)
		OR EXISTS (SELECT 1 FROM hygiene h WHERE h.session = taken.session AND h.pen IS NULL AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL
			AND h.at_us >= free_us AND h.at_us <= by_us) AS clean,
		EXISTS (SELECT 1 FROM hygiene h WHERE h.pen = taken.pen AND h.kind = 'barrier' AND h.void IS NULL
			AND h.at_us >= free_us AND h.at_us <= by_us)
		OR EXISTS (SELECT 1 FROM hygiene h WHERE h.session = taken.session AND h.pen IS NULL AND h.kind = 'barrier' AND h.void IS NULL
			AND h.at_us >= free_us AND h.at_us <= by_us)
		OR EXISTS (SELECT 1 FROM item_use u LEFT JOIN lot l ON l.id = u.lot JOIN product p ON p.id = coalesce(u.product, l.product)
			WHERE u.session = taken.session AND u.void IS NULL AND p.category = 'barrier') AS film
	FROM taken
	) g
WHERE NOT (g.clean AND g.film)
