SELECT * FROM entry WHERE seq = :entry
