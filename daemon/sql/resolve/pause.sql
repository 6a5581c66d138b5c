-- By its session's client: those of an open session.
SELECT z.id, trim(coalesce(n.value, '#' || s.client) || ' ' || coalesce(m.value, '')) || ', pause from ' || local_time(z.from_us)
		|| coalesce(' to ' || local_time(z.to_us), '') AS label,
	iif(z.to_us IS NULL, 0, 1) + iif(fold(:text) IN (fold(n.value), fold(m.value)), 0, 10) AS rank
FROM client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	CROSS JOIN session s ON s.client = c.id
	JOIN pause z ON z.session = s.id
WHERE (substr(fold(n.value), 1, length(fold(:text))) = fold(:text) OR name_match(m.value, :text) IS NOT NULL)
	AND s.state = 'open' AND z.void IS NULL
ORDER BY z.from_us
