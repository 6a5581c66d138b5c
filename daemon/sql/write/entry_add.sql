-- Appends an entry to the chain.
INSERT INTO entry (seq, at_us, actor, action, request_id, payload, hash)
VALUES (:seq, :at_us, :actor, :action, :request_id, :payload, :hash)
