-- By a code on its boxes, by name, by brand and name, or by the beginning of any word of them. What is no longer bought is found last.
SELECT p.id, trim(coalesce(p.brand || ' ', '') || p.name || coalesce(' ' || p.colour, '')) AS label,
	CASE
		WHEN EXISTS (SELECT 1 FROM code WHERE code = :text AND product = p.id) THEN 0
		WHEN fold(:text) IN (fold(p.name), fold(coalesce(p.brand || ' ', '') || p.name),
			fold(coalesce(p.brand || ' ', '') || p.name || coalesce(' ' || p.colour, ''))) THEN 1
		WHEN substr(fold(p.name), 1, length(fold(:text))) = fold(:text) THEN 2
		ELSE 3
	END + iif(p.active, 0, 10) AS rank
FROM product p
WHERE EXISTS (SELECT 1 FROM code WHERE code = :text AND product = p.id)
	OR instr(fold(' ' || coalesce(p.brand || ' ', '') || p.name || coalesce(' ' || p.colour, '')), ' ' || fold(:text)) > 0
