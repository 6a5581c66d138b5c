INSERT INTO personal (entry, field, salt, value) VALUES (:entry, :field, :salt, :value)
