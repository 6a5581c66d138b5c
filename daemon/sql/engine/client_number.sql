-- What people call a client; no row once it was erased.
SELECT n.value FROM client c JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
WHERE c.id = :client
