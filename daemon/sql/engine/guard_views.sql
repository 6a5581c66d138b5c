-- The views that sql.query is asked about, each with a statement that reads all of it.
SELECT name, printf('SELECT * FROM "%w"', name) FROM sqlite_schema WHERE type = 'view' ORDER BY name
