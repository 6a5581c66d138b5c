-- By its client: those not read yet first.
WITH who (id, label, far) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')),
		iif(fold(:text) IN (fold(n.value), fold(m.value)), 0, 10)
	FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR name_match(m.value, :text) IS NOT NULL
)
SELECT t.id, w.label || ', ' || p.name || ' ' || local_time(t.at_us) || coalesce(', ' || t.result, '') AS label, iif(t.read_us IS NULL, 0, 1) + w.far AS rank
FROM who w JOIN patch_test t ON t.client = w.id LEFT JOIN product p ON p.id = t.product
WHERE t.void IS NULL
