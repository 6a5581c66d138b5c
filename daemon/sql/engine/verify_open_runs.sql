-- Runs that are open, each with all that is kept of its newest cycles (tail.id, schema 0001).
SELECT r.id, r.cycles, t.data
FROM run r LEFT JOIN tail t ON t.id BETWEEN r.id << 27 AND (r.id << 27) + 134217727
WHERE r.state = 0
ORDER BY r.id, t.id
