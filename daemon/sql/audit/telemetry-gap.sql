-- SPDX-License-Identifier: MIT
-- doc: Part of what a pen did is not in the record: cycles of a session's runs, as time at the pace of the others; records that the pen's log
-- doc: no longer had when it was read; or what a pen that keeps no log did after the link to it was lost in a run. Of lost records it is not
-- doc: known how long they took, only between which moments; they count to each session that the pen was in then, and where it was in none,
-- doc: to the pen alone. What a pen had lost before it was ever read is not judged.
-- source: integrity of the record
-- scope: session
-- severity: warn
-- threshold: gap_s real 5 s -- More time than this is missing.
-- key: session pen loss
-- says: Of {pen}, {what}{whose}{how_long}; up to {threshold} is let pass.
-- do: Connect the pen while it works, or often enough; note in the session what is known.

-- Of losses that ended after the session the first few are looked at: one that began in it is among them, as one log's do not overlap.
SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	NULL AS loss, round(x.lost_cycles * (x.on_time_us / 1e6) / nullif(x.cycles, 0), 1) AS value, t.value AS threshold,
	x.lost_cycles || iif(x.lost_cycles = 1, ' cycle is missing', ' cycles are missing') AS what, ' in session #' || s.id AS whose,
	coalesce(printf(': %.1f s or less', x.lost_cycles * (x.on_time_us / 1e6) / nullif(x.cycles, 0)), ' and no others are there') AS how_long
FROM session s CROSS JOIN session_total x ON x.session = s.id
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND x.lost_cycles > 0 AND (x.cycles = 0 OR x.lost_cycles * (x.on_time_us / 1e6) / x.cycles > t.value)
	-- part: rule.session
	AND x.pen = :pen              -- if pen
UNION ALL
SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, a.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	l.id AS loss, round((min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(coalesce(l.after_us, 0), a.from_us)) / 1e6, 1) AS value,
	t.value AS threshold, (l.next_seq - l.first_seq) || iif(l.next_seq - l.first_seq = 1, ' record is missing', ' records are missing') AS what, ' in session #' || s.id AS whose,
	printf(': %.1f s or less', (min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(coalesce(l.after_us, 0), a.from_us)) / 1e6) AS how_long
FROM session s
	CROSS JOIN assignment a ON a.session = s.id AND a.void IS NULL
	JOIN loss l ON l.pen = a.pen AND l.before_us > a.from_us AND l.before_us <= coalesce((SELECT y.before_us FROM loss y
		WHERE y.pen = a.pen AND y.before_us > coalesce(a.to_us, s.end_us, :now_us) ORDER BY y.before_us LIMIT 1 OFFSET 3), 9000000000000000000)
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND coalesce(l.after_us, 0) < coalesce(a.to_us, s.end_us, :now_us)
	AND min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(coalesce(l.after_us, 0), a.from_us) > t.value * 1000000
	-- part: rule.session
	AND +a.pen = :pen             -- if pen
UNION ALL
SELECT l.before_us AS at_us, local_day(l.before_us) AS day, NULL AS session, NULL AS client, l.pen AS pen, NULL AS practitioner, NULL AS place,
	l.id AS loss, round((l.before_us - l.after_us) / 1e6, 1) AS value, t.value AS threshold,
	(l.next_seq - l.first_seq) || iif(l.next_seq - l.first_seq = 1, ' record is missing', ' records are missing') AS what, ', outside any session' AS whose,
	printf(': %.1f s or less', (l.before_us - l.after_us) / 1e6) AS how_long
FROM pen n CROSS JOIN loss l ON l.pen = n.id
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND local_day(l.before_us) >= t.from_day AND local_day(l.before_us) < t.to_day
WHERE l.before_us - l.after_us > t.value * 1000000
	AND NOT EXISTS (SELECT 1 FROM assignment a JOIN session s ON s.id = a.session
		WHERE a.pen = l.pen AND a.void IS NULL AND s.state <> 'void' AND a.from_us < l.before_us
			AND a.from_us >= coalesce((SELECT max(x.from_us) FROM assignment x WHERE x.pen = l.pen AND x.void IS NULL AND x.from_us <= l.after_us), 0)
			AND min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(l.after_us, a.from_us) > t.value * 1000000)
	AND l.before_us >= :since_us  -- if since_us
	AND l.before_us < :until_us   -- if until_us
	AND :session IS NULL          -- if session
	AND :client IS NULL           -- if client
	AND :practitioner IS NULL     -- if practitioner
	AND :place IS NULL            -- if place
	AND l.pen = :pen              -- if pen
UNION ALL
SELECT r.end_us AS at_us, coalesce(s.day, r.local_day) AS day, s.id AS session, s.client AS client, r.pen AS pen, s.practitioner AS practitioner,
	s.place AS place, 'run-' || r.id AS loss, round((r.heard_us - r.end_us) / 1e6, 1) AS value, t.value AS threshold,
	'nothing was heard after the link was lost in a run' AS what, coalesce(' of session #' || s.id, ' of no session') AS whose,
	printf(', for %.1f s', (r.heard_us - r.end_us) / 1e6) AS how_long
FROM (SELECT q.id AS id, q.pen AS pen, q.session AS session, q.local_day AS local_day, q.end_us AS end_us,
		coalesce((SELECT min(v.at_us) FROM event v WHERE v.pen = q.pen AND v.at_us >= q.end_us), :now_us) AS heard_us
	FROM run q INDEXED BY run_unfinished
	WHERE q.state <> 1 AND q.state = 2 AND q.flags & 32
		AND q.start_us >= :since_us  -- if since_us
		AND q.start_us < :until_us   -- if until_us
		AND q.session = :session     -- if session
		AND q.pen = :pen             -- if pen
	) r
	LEFT JOIN session s ON s.id = r.session
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND coalesce(s.day, r.local_day) >= t.from_day AND coalesce(s.day, r.local_day) < t.to_day
WHERE r.heard_us - r.end_us > t.value * 1000000 AND s.state IS NOT 'void'
	AND s.client = :client        -- if client
	AND s.practitioner = :practitioner -- if practitioner
	AND s.place = :place          -- if place
