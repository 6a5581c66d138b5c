-- The name of the profile that judges what is done on a day; no row when none does.
SELECT p.name FROM profile_use u JOIN profile p ON p.id = u.profile
WHERE u.from_day <= :day ORDER BY u.from_day DESC LIMIT 1
