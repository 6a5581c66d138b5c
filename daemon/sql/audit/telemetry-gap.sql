-- SPDX-License-Identifier: MIT
-- doc: Part of what a pen did is not in the record: cycles of a session's runs, as time at the pace of the others, or records that the pen's log
-- doc: no longer had when it was read. Of those it is not known how long they took, only between which moments; they count to each
-- doc: session that the pen was in then, and where it was in none, to nobody. A pen that keeps no log cannot say what was not heard.
-- source: integrity of the record
-- scope: session
-- severity: warn
-- threshold: gap_s real 5 s -- More time than this is missing.
-- key: session pen loss
-- says: Of {session} with {client}, {what} of {pen} are missing: {value} or less; up to {threshold} is let pass.
-- do: Connect the pen while it works, or often enough; note in the session what is known.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	NULL AS loss, round(x.lost_cycles * (x.on_time_us / 1e6) / nullif(x.cycles, 0), 1) AS value, t.value AS threshold,
	x.lost_cycles || ' cycles' AS what
FROM session s CROSS JOIN session_total x ON x.session = s.id
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND x.lost_cycles > 0 AND (x.cycles = 0 OR x.lost_cycles * (x.on_time_us / 1e6) / x.cycles > t.value)
	AND s.start_us >= :since_us   -- if since_us
	AND s.start_us < :until_us    -- if until_us
	AND s.id = :session           -- if session
	AND s.client = :client        -- if client
	AND s.practitioner = :practitioner -- if practitioner
	AND s.place = :place          -- if place
	AND x.pen = :pen              -- if pen
UNION ALL
SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, a.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	l.id AS loss, round((min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(coalesce(l.after_us, 0), a.from_us)) / 1e6, 1) AS value,
	t.value AS threshold, (l.next_seq - l.first_seq) || ' records' AS what
FROM session s
	CROSS JOIN assignment a ON a.session = s.id AND a.void IS NULL
	JOIN loss l ON l.id IN (SELECT y.id FROM loss y WHERE y.pen = a.pen AND y.before_us > a.from_us ORDER BY y.before_us LIMIT 4)
	JOIN audit_threshold t ON t.rule = 'telemetry-gap' AND t.name = 'gap_s' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND coalesce(l.after_us, 0) < coalesce(a.to_us, s.end_us, :now_us)
	AND min(l.before_us, coalesce(a.to_us, s.end_us, :now_us)) - max(coalesce(l.after_us, 0), a.from_us) > t.value * 1000000
	AND s.start_us >= :since_us   -- if since_us
	AND s.start_us < :until_us    -- if until_us
	AND s.id = :session           -- if session
	AND s.client = :client        -- if client
	AND s.practitioner = :practitioner -- if practitioner
	AND s.place = :place          -- if place
	AND a.pen = :pen              -- if pen
