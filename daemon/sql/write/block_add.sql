INSERT INTO block (id, first, data) VALUES (:id, :first, :data)
