-- A value holds from where it begins, or the profile's use does, until something else is said.
INSERT INTO audit_threshold (rule, name, from_day, to_day, value, severity, source)
WITH
-- part: audit.uses
, starts AS (
	SELECT DISTINCT v.use_day, v.rule, v.name, max(v.from_day, v.use_day) AS from_day, u.to_day AS use_end
	FROM audit_value v JOIN uses u ON u.from_day = v.use_day
	WHERE v.from_day < u.to_day),
ranges AS (
	SELECT use_day, rule, name, from_day,
		lead(from_day, 1, use_end) OVER (PARTITION BY use_day, rule, name ORDER BY from_day) AS to_day
	FROM starts)
SELECT rule, name, from_day, to_day, row ->> 0, severity, row ->> 1
FROM (SELECT r.*,
		(SELECT json_array(v.value, v.source) FROM audit_value v
			WHERE v.use_day = r.use_day AND v.rule = r.rule AND v.name = r.name AND v.from_day <= r.from_day
			ORDER BY v.depth, v.from_day DESC LIMIT 1) AS row,
		(SELECT d.severity FROM audit_default d WHERE d.rule = r.rule AND d.name = r.name) AS severity
	FROM ranges r)
WHERE row ->> 0 IS NOT NULL
