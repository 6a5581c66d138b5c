-- The session whose interval of the pen holds a whole range of time. Intervals that stand do not overlap on one pen: only the last one
-- that began before the range can be it. A run that was going when its interval ended belongs to it to its end, unless a better clock
-- says that it began later.
SELECT session, state, from_us FROM (SELECT a.session, s.state, a.from_us, a.to_us, a.run
	FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
	WHERE a.pen = :pen AND a.from_us <= :earliest_us AND a.void IS NULL ORDER BY a.from_us DESC LIMIT 1)
WHERE to_us IS NULL OR to_us >= :latest_us OR (run = :run AND :earliest_us <= to_us)
