-- All that is said: by the profile (depth 0), by those that it includes, and by the rule's head (the deepest).
INSERT INTO audit_value (use_day, depth, rule, name, from_day, value, source)
WITH RECURSIVE
-- part: audit.uses
, chain AS (
	SELECT from_day AS use_day, profile, 0 AS depth FROM uses WHERE profile IS NOT NULL
	UNION ALL
	SELECT c.use_day, q.id, c.depth + 1
	FROM chain c JOIN profile p ON p.id = c.profile JOIN profile q ON q.name = p.include
	WHERE c.depth < 9)
SELECT c.use_day, c.depth, t.rule, t.name, t.from_day, t.value, t.source
FROM chain c JOIN threshold t ON t.profile = c.profile
UNION ALL
SELECT u.from_day, 99, d.rule, d.name, 0, d.value, d.source FROM uses u JOIN audit_default d ON true
