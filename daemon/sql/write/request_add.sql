INSERT INTO request (request_id, entry, salt, digest, answer) VALUES (:request_id, :entry, :salt, :digest, :answer)
