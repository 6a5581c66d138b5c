INSERT INTO tail (id, data) VALUES (:id, :data)
