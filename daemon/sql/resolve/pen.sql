-- By serial number: the whole of it, or its beginning, capital or small.
SELECT id, serial AS label, iif(fold(serial) = fold(:text), 0, 1) AS rank
FROM pen
WHERE substr(fold(serial), 1, length(fold(:text))) = fold(:text)
