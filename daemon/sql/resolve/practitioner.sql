-- By name: the whole of it, its beginning, or the beginning of any word of it. Who works here no longer is found last.
SELECT id, name AS label,
	CASE
		WHEN fold(name) = fold(:text) THEN 0
		WHEN user_name = :text THEN 1
		WHEN substr(fold(name), 1, length(fold(:text))) = fold(:text) THEN 2
		ELSE 3
	END + iif(active, 0, 10) AS rank
FROM practitioner
WHERE fold(name) = fold(:text) OR user_name = :text
	OR substr(fold(name), 1, length(fold(:text))) = fold(:text)
	OR name_match(name, :text) IS NOT NULL
