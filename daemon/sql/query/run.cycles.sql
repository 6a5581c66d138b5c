-- doc: The needle cycles of a run: each one, or reduced to a number of points with least, mean and
-- doc: greatest value. Cycles are counted from 0 in the order in which the pen made them; what is
-- doc: unknown or lost is null.
-- role: viewer
-- shape: cycles
-- param: run int required min=1 -- Number of the run.
-- param: points int min=1 max=100000 -- Reduce to so many points; each cycle by itself if not given.
-- param: first int min=0 max=134217727 default=0 -- First cycle of the answer.
-- param: limit int min=1 max=134217727 -- Cycles of the answer; if not given all, or 10000 without points. Without points at most 100000.
-- column: run int -- Number of the run.
-- column: cycles int -- Cycles of the whole run, those lost included.
-- column: first int -- First cycle of the answer.
-- column: count json -- How many cycles follow; with points, how many are held in each point.
-- column: gaps json -- What was lost, as [[first cycle, how many],...]; only that within the answer.
-- column: period_us json -- Period of each cycle, microseconds, null if unknown; with points, an object of min, mean and max, each with a value per point.
-- column: depth_um json -- Needle protrusion of each cycle, micrometres, null if unknown; with points, an object of min, mean and max.
-- column: points int -- With points: how many there are; fewer than asked for when there are fewer cycles.
-- column: index json -- With points: first cycle of each.
-- column: t_us json -- With points: when the first cycle held in each begins, microseconds since the run's first cycle, null if none is; lost and unknown cycles are taken to last as long as the mean of those before.

-- The first row is the run's: how many cycles it has, and its last piece, from which follows how far an open run has come.
-- The others are its pieces in order: blocks of a run that has ended, or the tail of one that is open. `piece` is only there
-- to order them by what their tables are ordered by.
SELECT -1 AS piece, NULL AS first, NULL AS data, r.cycles + r.lost_cycles AS cycles,
	coalesce(t.id & 134217727, b.first) AS last_first, coalesce(t.data, b.data) AS last_data
FROM run r
LEFT JOIN block b ON b.id = r.block + r.blocks - 1
LEFT JOIN tail t ON t.id = (SELECT max(id) FROM tail WHERE id BETWEEN :run << 27 AND (:run << 27) + 134217727)
WHERE r.id = :run
UNION ALL
SELECT b.id, b.first, b.data, NULL, NULL, NULL
FROM run r JOIN block b ON b.id BETWEEN r.block AND r.block + r.blocks - 1
WHERE r.id = :run
	AND b.id >= coalesce((SELECT x.id FROM run q JOIN block x ON x.id BETWEEN q.block AND q.block + q.blocks - 1 -- unless points
		WHERE q.id = :run AND x.first <= :first ORDER BY x.id DESC LIMIT 1), 0)                              -- unless points
UNION ALL
SELECT id, id & 134217727, data, NULL, NULL, NULL
FROM tail
WHERE id BETWEEN :run << 27 AND (:run << 27) + 134217727
ORDER BY piece
