-- By record number, found by its index; then by the whole name or number, the beginning of either, the beginning of any word of the name.
WITH exact (id, label) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, ''))
	FROM personal n JOIN client c ON c.number_entry = n.entry
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE n.field = 'number' AND n.value = :text COLLATE NOCASE
)
SELECT id, label, 0 AS rank FROM exact
UNION ALL
SELECT id, trim(coalesce(number, '#' || id) || ' ' || coalesce(name, '')), rank
FROM (
	SELECT c.id AS id, n.value AS number, m.value AS name,
		min(coalesce(name_match(m.value, :text), 9), coalesce(name_match(n.value, :text), 9)) AS rank
	FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE NOT EXISTS (SELECT 1 FROM exact)
)
WHERE rank < 9
