SELECT entry, salt, digest, answer FROM request WHERE request_id = :request_id
