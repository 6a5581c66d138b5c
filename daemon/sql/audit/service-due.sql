-- SPDX-License-Identifier: MIT
-- doc: Motor-on time of a pen since it was last serviced, by the sessions begun since then and by runs that are nobody's or were dismissed. Of a
-- doc: pen that was never serviced, since it was first heard. A pen may have hours of its own, pen service, which go before
-- doc: the profile's. Runs that were not read yet do not count.
-- source: the pen's own setting; where it has none, our own choice
-- scope: pen
-- severity: info
-- threshold: motor_h real 500 h -- More motor-on time than this since the last service.
-- key: pen from_day
-- says: {pen} has run {value} {since}; after {threshold} a service is due.
-- do: Have it serviced, and record it: hygiene add serviced.

SELECT g.at_us AS at_us, g.pen AS pen,
	local_day(g.from_us) AS from_day, round(g.on_us / 3.6e9, 1) AS value, coalesce(g.service_h, t.value) AS threshold,
	iif(g.serviced_us IS NULL, 'and was never serviced', 'since its service on ' || day_text(local_day(g.serviced_us))) AS since
FROM (SELECT f.pen AS pen, f.at_us AS at_us, f.service_h AS service_h, f.serviced_us AS serviced_us, f.from_us AS from_us,
		iif(f.serviced_us IS NULL, (SELECT coalesce(sum(x.on_time_us), 0) FROM session_total x WHERE x.pen = f.pen),
			(SELECT coalesce(sum(x.on_time_us), 0) FROM session s INDEXED BY session_start CROSS JOIN session_total x
				ON x.session = s.id AND x.pen = f.pen WHERE s.start_us >= f.from_us))
		+ (SELECT coalesce(sum(r.on_time_us), 0) FROM run r INDEXED BY run_unattributed
			WHERE r.session IS NULL AND r.attribution <> 3 AND r.start_us >= f.from_us AND r.pen = f.pen)
		+ (SELECT coalesce(sum(r.on_time_us), 0) FROM run r INDEXED BY run_dismissed
			WHERE r.attribution = 3 AND r.start_us >= f.from_us AND r.pen = f.pen) AS on_us
	FROM (SELECT n.id AS pen, n.service_h AS service_h, h.at_us AS serviced_us, coalesce(h.at_us, 0) AS from_us,
			coalesce((SELECT a.from_us FROM assignment a WHERE a.pen = n.id AND a.void IS NULL ORDER BY a.from_us DESC LIMIT 1), :now_us) AS at_us
		FROM pen n LEFT JOIN hygiene h ON h.id = (SELECT y.id FROM hygiene y WHERE y.pen = n.id AND y.kind = 'serviced' AND y.void IS NULL
			ORDER BY y.at_us DESC LIMIT 1)
		WHERE true
			AND n.id = :pen       -- if pen
		) f
	WHERE true
		AND f.at_us >= :since_us      -- if since_us
		AND f.at_us < :until_us       -- if until_us
	) g
	JOIN audit_threshold t ON t.rule = 'service-due' AND t.name = 'motor_h' AND :today >= t.from_day AND :today < t.to_day
WHERE g.on_us > coalesce(g.service_h, t.value) * 3.6e9
