-- The runs of a pen that may have happened in a period. What starts an hour or more from its bounds is found by run_wide.
SELECT r.id, r.pen, r.state, r.earliest_us, r.latest_us, r.session, r.attribution
FROM (SELECT :pen AS pen, :from_us AS from_us, :to_us AS to_us) q CROSS JOIN run r INDEXED BY run_pen_start
WHERE r.pen = q.pen AND r.start_us BETWEEN q.from_us - 3600000000 AND q.to_us + 3600000000
	AND r.latest_us >= q.from_us AND r.earliest_us <= q.to_us AND r.latest_us - r.earliest_us <= 3600000000 AND r.state <> 0
UNION ALL
SELECT r.id, r.pen, r.state, r.earliest_us, r.latest_us, r.session, r.attribution
FROM (SELECT :pen AS pen, :from_us AS from_us, :to_us AS to_us) q CROSS JOIN run r INDEXED BY run_wide
WHERE r.pen = q.pen AND r.latest_us >= q.from_us AND r.earliest_us <= q.to_us
	AND r.latest_us - r.earliest_us > 3600000000 AND r.state <> 0
UNION ALL
SELECT r.id, r.pen, r.state, r.earliest_us, r.latest_us, r.session, r.attribution FROM run r INDEXED BY run_open
WHERE r.state = 0 AND r.pen = :pen
