SELECT name FROM profile WHERE id = :profile
