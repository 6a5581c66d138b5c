-- SPDX-License-Identifier: MIT
-- doc: A pen's own counter moved by more cycles than the record has got between two of its readings, or by fewer: what is missing was never
-- doc: read, or the counter is wrong. It is judged where a pen keeps a counter and its log holds both readings; a counter that began anew is
-- doc: not compared with what was before.
-- source: integrity of the record
-- scope: pen
-- severity: warn
-- threshold: cycles int 1000 cycles -- More cycles than this differ, or more of them than the other.
-- threshold: percent real 1 percent -- More of the counted cycles than this, in a hundred.
-- key: pen event
-- says: Between {from_at} and {at_us} the counter of {pen} moved by {moved}, and {held} cycles are recorded: a difference of {value}; up to {threshold} is let pass.
-- do: See what the pen's log lost, event list and loss list; ask the practitioner what was done then.

-- A run that is still going is not in counter_step yet.
SELECT g.at_us AS at_us, g.pen AS pen, g.event AS event, g.from_us AS from_at, g.moved AS moved, g.held AS held, abs(g.moved - g.held) AS value,
	iif(abs(g.moved - g.held) > t.value, t.value, CAST(h.value * g.moved / 100 AS INTEGER)) AS threshold
FROM (SELECT x.event AS event, x.pen AS pen, v.at_us AS at_us, p.at_us AS from_us, x.moved AS moved,
		x.held + coalesce((SELECT r.cycles FROM run r INDEXED BY run_open WHERE r.log = v.log AND r.state = 0
			AND (r.boot, r.first_seq) > (p.boot, p.seq) AND (r.boot, r.first_seq) < (v.boot, v.seq)), 0) AS held
	FROM counter_step x INDEXED BY counter_step_off CROSS JOIN event v ON v.id = x.event -- unless since_us
	FROM event v INDEXED BY event_kind_at CROSS JOIN counter_step x ON x.event = v.id    -- if since_us
		CROSS JOIN event p ON p.id = x.from_event
	WHERE x.moved <> x.held AND v.kind = 'counters' AND v.at_us IS NOT NULL
		AND v.at_us >= :since_us  -- if since_us
		AND v.at_us < :until_us   -- if until_us
		AND x.pen = :pen          -- if pen
	) g
	JOIN audit_threshold t ON t.rule = 'counter-gap' AND t.name = 'cycles' AND local_day(g.at_us) >= t.from_day AND local_day(g.at_us) < t.to_day
	JOIN audit_threshold h ON h.rule = 'counter-gap' AND h.name = 'percent' AND local_day(g.at_us) >= h.from_day AND local_day(g.at_us) < h.to_day
WHERE abs(g.moved - g.held) > t.value OR abs(g.moved - g.held) * 100.0 > h.value * g.moved AND g.moved > 0
