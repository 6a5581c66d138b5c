-- The entry that answered a request before.
SELECT seq, actor, action, payload FROM entry WHERE request_id = :request_id
