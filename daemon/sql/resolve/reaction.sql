-- By its client: those that are open first.
WITH who (id, label, far) AS (
	SELECT c.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')),
		iif(fold(:text) IN (fold(n.value), fold(m.value)), 0, 10)
	FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	WHERE substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR name_match(m.value, :text) IS NOT NULL
)
SELECT x.id, w.label || ', ' || x.kind || ' ' || local_time(x.at_us) || iif(x.closed_us IS NULL, '', ', closed') AS label, iif(x.closed_us IS NULL, 0, 1) + w.far AS rank
FROM who w JOIN reaction x ON x.client = w.id
WHERE x.void IS NULL
