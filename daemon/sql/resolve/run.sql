-- By its pen and the pen's own number of it, "PEN-0001/57"; or by its pen alone: the one that is going on.
WITH asked (head, number) AS (
	SELECT substr(:text, 1, length(rtrim(:text, '0123456789')) - 1), CAST(substr(:text, length(rtrim(:text, '0123456789')) + 1) AS INTEGER)
	WHERE rtrim(:text, '0123456789') GLOB '*?/' AND rtrim(:text, '0123456789') <> :text
)
SELECT r.id, p.serial || ' ' || local_time(r.start_us) AS label, iif(fold(p.serial) = fold(a.head), 0, 1) AS rank
FROM asked a CROSS JOIN pen p CROSS JOIN run r ON r.pen = p.id AND r.number = a.number
WHERE substr(fold(p.serial), 1, length(fold(a.head))) = fold(a.head)
UNION ALL
SELECT r.id, p.serial || ' ' || local_time(r.start_us), iif(fold(p.serial) = fold(:text), 0, 1)
FROM run r INDEXED BY run_open JOIN pen p ON p.id = r.pen
WHERE r.state = 0 AND substr(fold(p.serial), 1, length(fold(:text))) = fold(:text)
