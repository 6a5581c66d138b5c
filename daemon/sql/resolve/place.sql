-- By name: the whole of it, its beginning, or the beginning of any word of it. What is no longer in use is found last.
SELECT id, name AS label,
	CASE
		WHEN fold(name) = fold(:text) THEN 0
		WHEN substr(fold(name), 1, length(fold(:text))) = fold(:text) THEN 1
		ELSE 2
	END + iif(active, 0, 10) AS rank
FROM place
WHERE name_match(name, :text) IS NOT NULL
