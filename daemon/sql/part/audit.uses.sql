-- Which profile judges from which day to which, for the statements that make the tables of values; no profile is one without values.
-- :profile is that one alone, from ever to ever; 0 those in use.

uses AS (
	SELECT from_day, lead(from_day, 1, 99999999) OVER (ORDER BY from_day) AS to_day, profile
	FROM profile_use WHERE :profile = 0
	UNION ALL
	SELECT 0, coalesce((SELECT min(from_day) FROM profile_use WHERE :profile = 0), 99999999), nullif(:profile, 0)
	WHERE :profile <> 0 OR NOT EXISTS (SELECT 1 FROM profile_use WHERE from_day = 0))
