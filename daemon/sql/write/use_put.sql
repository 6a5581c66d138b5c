-- A use as a pen's reports make it, of no session.
INSERT INTO item_use (id, pen, serial, needle, at_us, until_us, source, event, entry)
VALUES (:id, :pen, :serial, :needle, :at_us, :until_us, 'pen', :event, :entry)
