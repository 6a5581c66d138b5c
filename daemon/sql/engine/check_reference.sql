-- A row that refers to one that is not there.
SELECT "table" || ' ' || coalesce(rowid, '') FROM pragma_foreign_key_check
