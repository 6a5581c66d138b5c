-- By its session's client: those of an open session; "1001/pigment" of the kind.
WITH asked (head, kind) AS (
	SELECT substr(:text, 1, instr(:text, '/') - 1), substr(:text, instr(:text, '/') + 1) WHERE :text GLOB '*?/?*'
	UNION ALL
	SELECT :text, NULL
)
SELECT g.id, trim(coalesce(n.value, '#' || s.client) || ' ' || coalesce(m.value, '')) || ', ' || g.kind || ' at ' || local_time(g.at_us) AS label,
	iif(a.kind IS NOT NULL, 0, 1) + iif(fold(a.head) IN (fold(n.value), fold(m.value)), 0, 10) AS rank
FROM asked a CROSS JOIN client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	CROSS JOIN session s ON s.client = c.id
	JOIN step g ON g.session = s.id
WHERE (substr(fold(n.value), 1, length(fold(a.head))) = fold(a.head) OR name_match(m.value, a.head) IS NOT NULL)
	AND s.state = 'open' AND g.void IS NULL AND (a.kind IS NULL OR g.kind = fold(a.kind))
ORDER BY g.at_us
