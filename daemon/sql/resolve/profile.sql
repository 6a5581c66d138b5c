-- By name: the whole of it, or its beginning.
SELECT id, name AS label, iif(name = fold(:text), 0, 1) AS rank
FROM profile
WHERE substr(name, 1, length(fold(:text))) = fold(:text)
