-- All that is a table to SQLite, and no view of ours.
SELECT name FROM sqlite_schema WHERE type = 'table'
UNION
SELECT name FROM pragma_module_list
UNION
VALUES ('sqlite_schema'), ('sqlite_master'), ('sqlite_temp_schema'), ('sqlite_temp_master')
