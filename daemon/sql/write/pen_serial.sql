SELECT serial FROM pen WHERE id = :id
