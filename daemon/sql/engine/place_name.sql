SELECT name FROM place WHERE id = :place
