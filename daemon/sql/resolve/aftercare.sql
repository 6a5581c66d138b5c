-- By its client: records of aftercare that stand.
WITH who (id, label, far) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')),
		iif(fold(:text) IN (fold(n.value), fold(m.value)), 0, 10)
	FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR name_match(m.value, :text) IS NOT NULL
)
SELECT n.id, w.label || ', aftercare ' || n.form || ' ' || local_time(n.at_us) AS label, w.far AS rank
FROM who w JOIN consent n ON n.client = w.id
WHERE n.void IS NULL AND n.kind = 'aftercare'
