-- SPDX-License-Identifier: MIT
-- doc: Motor time that belongs to no session and was not explained: of one pen on one day. A run whose day is not known is not judged, nor one
-- doc: that is still going.
-- source: machine-use audit
-- scope: pen
-- severity: error
-- threshold: on_s real 30 s -- More motor-on time than this in a day, or more cycles than the other.
-- threshold: cycles int 1000 cycles -- More cycles than this in a day.
-- key: pen day
-- says: {pen} ran for {value} on {day} outside any session, in {runs} with {cycles}; up to {threshold} and {most} cycles is let pass.
-- do: Say whose it was, run link, or why it was nobody's, run dismiss.

SELECT g.at_us AS at_us, g.day AS day, g.pen AS pen, round(g.on_us / 1e6, 1) AS value, t.value AS threshold,
	g.runs || iif(g.runs = 1, ' run', ' runs') AS runs, g.cycles || iif(g.cycles = 1, ' cycle', ' cycles') AS cycles, c.value AS most
FROM (SELECT min(r.start_us) AS at_us, r.local_day AS day, r.pen AS pen, count(*) AS runs, sum(r.cycles) AS cycles,
		sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)) AS on_us
	FROM run r INDEXED BY run_unattributed
	WHERE r.session IS NULL AND r.attribution <> 3 AND r.start_us > 0 AND r.state <> 0
		AND r.start_us >= :since_us - 86400000000 -- if since_us
		AND r.start_us < :until_us + 86400000000  -- if until_us
		AND r.pen = :pen                          -- if pen
	GROUP BY r.pen, r.local_day
	HAVING true
		AND min(r.start_us) >= :since_us          -- if since_us
		AND min(r.start_us) < :until_us           -- if until_us
	) g
	JOIN audit_threshold t ON t.rule = 'unattributed-run' AND t.name = 'on_s' AND g.day >= t.from_day AND g.day < t.to_day
	JOIN audit_threshold c ON c.rule = 'unattributed-run' AND c.name = 'cycles' AND g.day >= c.from_day AND g.day < c.to_day
WHERE g.on_us > t.value * 1000000 OR g.cycles > c.value
