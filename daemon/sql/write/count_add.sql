-- The pen's log is in order, whatever its clock says: a reading is compared with the one before it in the log, and a run lies between the two
-- when it began there.
INSERT INTO counter_step (event, pen, from_event, moved, held)
SELECT v.id, v.pen, p.id, CAST((v.data ->> 'total') - (p.data ->> 'total') AS INTEGER),
	(SELECT total_int(r.cycles) FROM run r WHERE r.log = v.log AND r.state <> 0 AND (r.boot, r.first_seq) > (p.boot, p.seq) AND (r.boot, r.first_seq) < (v.boot, v.seq))
FROM recount q JOIN event v ON v.id = q.event
	JOIN event p ON p.id = (SELECT b.id FROM event b INDEXED BY event_counters WHERE b.kind = 'counters' AND b.log = v.log
		AND (b.boot, b.seq) < (v.boot, v.seq) ORDER BY b.boot DESC, b.seq DESC LIMIT 1)
WHERE v.data ->> 'reset' IS NULL AND v.data ->> 'total' IS NOT NULL AND p.data ->> 'total' IS NOT NULL
