-- By its session's client: those of an open session; "1001/crown" of the zone.
WITH asked (head, zone) AS (
	SELECT substr(:text, 1, instr(:text, '/') - 1), substr(:text, instr(:text, '/') + 1) WHERE :text GLOB '*?/?*'
	UNION ALL
	SELECT :text, NULL
)
SELECT g.id, trim(coalesce(n.value, '#' || s.client) || ' ' || coalesce(m.value, '')) || ', ' || g.zone || ' from ' || local_time(g.from_us)
		|| coalesce(' to ' || local_time(g.to_us), '') AS label,
	iif(g.to_us IS NULL OR a.zone IS NOT NULL, 0, 1) + iif(fold(a.head) IN (fold(n.value), fold(m.value)), 0, 10) AS rank
FROM asked a CROSS JOIN client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	CROSS JOIN session s ON s.client = c.id
	JOIN segment g ON g.session = s.id
WHERE (substr(fold(n.value), 1, length(fold(a.head))) = fold(a.head) OR name_match(m.value, a.head) IS NOT NULL)
	AND s.state = 'open' AND g.void IS NULL AND (a.zone IS NULL OR g.zone = fold(a.zone))
ORDER BY g.from_us
