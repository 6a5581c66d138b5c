-- By record number, found by its index; then by the whole name, the beginning of the number or the name, the beginning of any word of it.
WITH exact (id, label) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, ''))
	FROM personal n JOIN client c ON c.number_entry = n.entry
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE n.field = 'number' AND n.value = :text COLLATE NOCASE
)
SELECT id, label, 0 AS rank FROM exact
UNION ALL
SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')),
	CASE
		WHEN fold(n.value) = fold(:text) OR fold(m.value) = fold(:text) THEN 1
		WHEN substr(fold(m.value), 1, length(fold(:text))) = fold(:text) THEN 2
		WHEN substr(fold(n.value), 1, length(fold(:text))) = fold(:text) THEN 2
		ELSE 3
	END AS rank
FROM client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
WHERE NOT EXISTS (SELECT 1 FROM exact)
	AND (substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR instr(' ' || fold(m.value), ' ' || fold(:text)) > 0)
