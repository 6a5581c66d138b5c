-- Sessions after :met, since :since_us and over, that met the lots which entry :entry is about: so many of them, by number. Whom lot.clients
-- and recall-exposed name, and a few more where a pen was treated with it.
WITH these (lot) AS (SELECT id FROM about WHERE entry = :entry AND noun = 'lot' AND subject = 1)
SELECT s.id FROM session s
WHERE s.id > :met AND s.start_us > :since_us AND s.state IN ('closed', 'signed') AND s.id IN (
	SELECT u.session FROM these t JOIN item_use u ON u.lot = t.lot
	UNION SELECT u.session FROM these t CROSS JOIN item_use o ON o.lot = t.lot CROSS JOIN item_use u ON u.serial = o.serial WHERE u.lot IS NULL
	UNION SELECT h.session FROM these t JOIN hygiene h ON h.lot = t.lot
	UNION SELECT a.session FROM these t CROSS JOIN hygiene h ON h.lot = t.lot CROSS JOIN assignment a ON a.pen = h.pen
	WHERE h.session IS NULL AND a.void IS NULL
		AND a.from_us >= coalesce((SELECT b.from_us FROM assignment b
			WHERE b.pen = h.pen AND b.from_us <= h.at_us AND b.void IS NULL ORDER BY b.from_us DESC LIMIT 1), h.at_us)
		AND a.from_us < coalesce((SELECT g.at_us FROM hygiene g
			WHERE g.pen = h.pen AND g.at_us > h.at_us AND g.kind = h.kind AND g.void IS NULL ORDER BY g.at_us LIMIT 1), 9000000000000000000))
ORDER BY s.id
LIMIT :few
