-- By its client and its ordinal, "1001/2"; by its client alone: what is open first, then what is not signed yet; an open one by its pen.
WITH asked (head, ordinal) AS (
	SELECT substr(:text, 1, length(rtrim(:text, '0123456789')) - 1), CAST(substr(:text, length(rtrim(:text, '0123456789')) + 1) AS INTEGER)
	WHERE rtrim(:text, '0123456789') GLOB '*?/' AND rtrim(:text, '0123456789') <> :text
	UNION ALL
	SELECT :text, NULL
), found (id, rank) AS (
	SELECT s.id, CASE WHEN a.ordinal IS NOT NULL THEN 0 WHEN s.state = 'open' THEN 0 WHEN s.state = 'closed' THEN 1 ELSE 2 END
		+ iif(fold(a.head) IN (fold(n.value), fold(m.value)), 0, 10)
	FROM asked a CROSS JOIN client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
		CROSS JOIN session s ON s.client = c.id
	WHERE (substr(fold(n.value), 1, length(fold(a.head))) = fold(a.head) OR name_match(m.value, a.head) IS NOT NULL)
		AND s.state <> 'void' AND (a.ordinal IS NULL OR s.ordinal = a.ordinal)
	UNION ALL
	SELECT s.id, iif(fold(p.serial) = fold(:text), 5, 15)
	FROM session s JOIN assignment a ON a.session = s.id JOIN pen p ON p.id = a.pen
	WHERE s.state = 'open' AND a.void IS NULL AND a.to_us IS NULL AND substr(fold(p.serial), 1, length(fold(:text))) = fold(:text)
)
SELECT s.id, trim(coalesce(n.value, '#' || s.client, 'nobody named yet') || ' ' || coalesce(m.value, '')) || ', ' || s.kind
		|| coalesce(' ' || s.ordinal, '') || ', ' || local_time(s.start_us) AS label,
	f.rank
FROM found f JOIN session s ON s.id = f.id LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
ORDER BY s.start_us DESC
