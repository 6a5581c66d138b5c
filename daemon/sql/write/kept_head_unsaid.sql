-- The first one behind :after that no entry tells of.
SELECT seq FROM kept_head WHERE seq > :after AND entry IS NULL ORDER BY seq LIMIT 1
