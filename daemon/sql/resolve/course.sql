-- By its client and its ordinal, "1001/2"; or by its client alone: what is going on first, what is over last.
WITH asked (head, ordinal) AS (
	SELECT substr(:text, 1, length(rtrim(:text, '0123456789')) - 1), CAST(substr(:text, length(rtrim(:text, '0123456789')) + 1) AS INTEGER)
	WHERE rtrim(:text, '0123456789') GLOB '*?/' AND rtrim(:text, '0123456789') <> :text
	UNION ALL
	SELECT :text, NULL
)
SELECT k.id, trim(coalesce(n.value, '#' || c.id) || ' ' || coalesce(m.value, '')) || ', course ' || k.ordinal || ', ' || k.goal
		|| iif(k.state IN ('planned', 'active'), '', ', ' || k.state) AS label,
	iif(k.state IN ('planned', 'active') OR a.ordinal IS NOT NULL, 0, 1) + iif(fold(a.head) IN (fold(n.value), fold(m.value)), 0, 10) AS rank
FROM asked a CROSS JOIN client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	JOIN course k ON k.client = c.id
WHERE (substr(fold(n.value), 1, length(fold(a.head))) = fold(a.head) OR name_match(m.value, a.head) IS NOT NULL)
	AND (a.ordinal IS NULL OR k.ordinal = a.ordinal)
