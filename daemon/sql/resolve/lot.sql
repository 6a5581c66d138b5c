-- By its number as printed, by a code that is of that lot, by product and number ("carbon black A17"), or by the beginning of the number.
SELECT l.id, trim(coalesce(p.brand || ' ', '') || p.name) || ' ' || l.number || coalesce(', good until ' || l.expiry, '')
		|| iif(l.status = 'ok', '', ', ' || l.status) AS label,
	CASE
		WHEN EXISTS (SELECT 1 FROM code WHERE code = :text AND lot = l.id) THEN 0
		WHEN l.number = :text COLLATE NOCASE THEN 1
		WHEN fold(:text) IN (fold(p.name || ' ' || l.number), fold(coalesce(p.brand || ' ', '') || p.name || ' ' || l.number)) THEN 1
		ELSE 2
	END AS rank
FROM lot l JOIN product p ON p.id = l.product
WHERE EXISTS (SELECT 1 FROM code WHERE code = :text AND lot = l.id)
	OR substr(fold(l.number), 1, length(fold(:text))) = fold(:text)
	OR instr(fold(' ' || coalesce(p.brand || ' ', '') || p.name || ' ' || l.number), ' ' || fold(:text)) > 0
