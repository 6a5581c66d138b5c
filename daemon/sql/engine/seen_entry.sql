-- Entries up to this one were looked at; no row before anybody looked.
SELECT entry FROM audit_cursor WHERE id = 1
