-- A press whose time is known, and the open session that held the pen then.
SELECT e.pen, e.at_us, (SELECT a.session FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
	WHERE a.pen = e.pen AND a.void IS NULL AND a.to_us IS NULL AND s.state = 'open' AND a.from_us <= e.at_us
	ORDER BY a.from_us DESC LIMIT 1)
FROM event e WHERE e.id = :event AND e.quality > 0 AND e.at_us IS NOT NULL
