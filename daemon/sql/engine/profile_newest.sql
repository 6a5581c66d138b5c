-- The newest entry that changed what holds; 0 in a record without profiles.
SELECT coalesce(max(entry), 0) FROM (SELECT entry FROM profile UNION ALL SELECT entry FROM profile_use)
