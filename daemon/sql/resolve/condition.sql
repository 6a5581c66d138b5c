-- By its client.
WITH who (id, label, far) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')),
		iif(fold(:text) IN (fold(n.value), fold(m.value)), 0, 10)
	FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR name_match(m.value, :text) IS NOT NULL
)
SELECT d.id, w.label || ', ' || d.kind || coalesce(' ' || v.value, '') || coalesce(' ' || d.zone, '') AS label, iif(d.until IS NULL, 0, 1) + w.far AS rank
FROM who w JOIN condition d ON d.client = w.id LEFT JOIN personal v ON v.entry = d.code_entry AND v.field = 'code'
WHERE d.void IS NULL
