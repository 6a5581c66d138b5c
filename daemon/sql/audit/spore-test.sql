-- SPDX-License-Identifier: MIT
-- doc: A steriliser is tested with spores at least once in so many days, from its first use or the test before. One that never sterilised
-- doc: anything is not judged, nor one that is out of use after its last test. A test counts whatever it showed.
-- source: California HSC 119315: at least monthly
-- scope: place
-- severity: error
-- threshold: interval_days int 31 days -- At most so many days between two tests.
-- key: place from_day
-- says: Steriliser {place} went {value} without a spore test, from {from_day} {until}; more than {threshold} is too long.
-- do: Test it before it is used again, and record the test: hygiene add spore_test.

SELECT CAST((day_number(g.from_day) + t.value + 1) * 86400000000 + 43200000000 AS INTEGER) AS at_us, g.place AS place, g.from_day AS from_day,
	day_number(coalesce(g.next_day, :today)) - day_number(g.from_day) AS value, t.value AS threshold,
	iif(g.next_day IS NULL, 'until now', 'to ' || day_text(g.next_day)) AS until
FROM (SELECT p.id AS place, p.active AS active, local_day(h.at_us) AS from_day,
		local_day((SELECT n.at_us FROM hygiene n INDEXED BY hygiene_kind WHERE n.place = p.id AND n.kind = 'spore_test' AND n.void IS NULL AND n.at_us > h.at_us
			ORDER BY n.at_us LIMIT 1)) AS next_day
	FROM place p CROSS JOIN hygiene h
	WHERE p.kind = 'steriliser' AND h.void IS NULL
		AND h.id IN (SELECT y.id FROM hygiene y INDEXED BY hygiene_kind WHERE y.kind = 'spore_test' AND y.place = p.id
			UNION SELECT (SELECT y.id FROM hygiene y INDEXED BY hygiene_place WHERE y.place = p.id AND y.void IS NULL
				AND y.kind IN ('spore_test', 'sterilised') ORDER BY y.at_us LIMIT 1))
		AND p.id = :place         -- if place
	) g
	JOIN audit_threshold t ON t.rule = 'spore-test' AND t.name = 'interval_days' AND g.from_day >= t.from_day AND g.from_day < t.to_day
WHERE day_number(coalesce(g.next_day, :today)) - day_number(g.from_day) > t.value AND (g.active OR g.next_day IS NOT NULL)
