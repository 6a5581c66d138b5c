SELECT name FROM practitioner WHERE id = :practitioner
