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
-- says: Between {from_at} and {at_us} the counter of {pen} moved by {moved}, and {held} cycles are recorded: {value} differ.
-- do: See what the pen's log lost, event list and loss list; ask the practitioner what was done then.

SELECT g.at_us AS at_us, g.pen AS pen, g.event AS event, g.from_us AS from_at, g.moved AS moved, g.held AS held, abs(g.moved - g.held) AS value,
	t.value AS threshold
FROM (SELECT e.*,
		iif(e.from_boot = e.boot,
			(SELECT coalesce(sum(r.cycles), 0) FROM run r WHERE r.log = e.log AND r.boot = e.boot AND r.first_seq > e.from_seq AND r.first_seq < e.seq),
			(SELECT coalesce(sum(r.cycles), 0) FROM run r WHERE r.log = e.log AND r.boot = e.from_boot AND r.first_seq > e.from_seq)
			+ (SELECT coalesce(sum(r.cycles), 0) FROM run r WHERE r.log = e.log AND r.boot > e.from_boot AND r.boot < e.boot)
			+ (SELECT coalesce(sum(r.cycles), 0) FROM run r WHERE r.log = e.log AND r.boot = e.boot AND r.first_seq < e.seq)) AS held
	FROM (SELECT v.id AS event, v.pen AS pen, v.log AS log, v.boot AS boot, v.seq AS seq, v.at_us AS at_us, p.boot AS from_boot, p.seq AS from_seq,
			p.at_us AS from_us, (v.data ->> 'total') - (p.data ->> 'total') AS moved
		FROM event v JOIN event p ON p.id = (SELECT q.id FROM event q INDEXED BY event_pen_at WHERE q.pen = v.pen AND q.at_us <= v.at_us AND q.kind = 'counters'
			AND q.log = v.log AND q.id < v.id ORDER BY q.at_us DESC, q.id DESC LIMIT 1)
		WHERE v.kind = 'counters' AND v.data ->> 'reset' IS NULL
			AND v.at_us >= :since_us  -- if since_us
			AND v.at_us < :until_us   -- if until_us
			AND v.pen = :pen          -- if pen
		) e
	) g
	JOIN audit_threshold t ON t.rule = 'counter-gap' AND t.name = 'cycles' AND local_day(g.at_us) >= t.from_day AND local_day(g.at_us) < t.to_day
	JOIN audit_threshold h ON h.rule = 'counter-gap' AND h.name = 'percent' AND local_day(g.at_us) >= h.from_day AND local_day(g.at_us) < h.to_day
WHERE abs(g.moved - g.held) > t.value OR abs(g.moved - g.held) * 100.0 > h.value * g.moved AND g.moved > 0
