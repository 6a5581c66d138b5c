-- Sessions that certainly held the pen while the cartridge was certainly in it.
SELECT a.session, s.state, min(a.from_us) FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
WHERE a.pen = :pen AND a.void IS NULL AND a.from_us < :until_us AND (a.to_us IS NULL OR a.to_us > :since_us)
	AND a.from_us >= (SELECT coalesce(max(b.from_us), 0) FROM assignment b WHERE b.pen = :pen AND b.void IS NULL AND b.from_us <= :since_us)
GROUP BY a.session ORDER BY a.session
