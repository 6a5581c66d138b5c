-- All that there is, whatever its name.
SELECT type, name, sql, tbl_name FROM sqlite_schema ORDER BY type, name
