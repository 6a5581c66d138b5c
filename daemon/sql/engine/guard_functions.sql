-- SQLite makes a table-valued function known to the handle at its first use, in a way that the guard refuses: used before it stands.
SELECT 1 FROM json_each('') JOIN json_tree('')
