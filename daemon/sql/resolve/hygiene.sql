-- The newest event of a pen, by its serial number, or of a place, by its name.
SELECT h.id, coalesce(pn.serial, pl.name) || ', ' || h.kind || ' ' || local_time(h.at_us) AS label, 0 AS rank
FROM hygiene h LEFT JOIN pen pn ON pn.id = h.pen LEFT JOIN place pl ON pl.id = h.place
WHERE h.id IN (
	SELECT (SELECT id FROM hygiene WHERE pen = p.id AND void IS NULL ORDER BY at_us DESC, id DESC LIMIT 1)
	FROM pen p WHERE fold(p.serial) = fold(:text)
	UNION ALL
	SELECT (SELECT id FROM hygiene WHERE place = q.id AND void IS NULL ORDER BY at_us DESC, id DESC LIMIT 1)
	FROM place q WHERE fold(q.name) = fold(:text))
