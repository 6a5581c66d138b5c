-- All entries in the order of the chain.
SELECT seq, at_us, actor, action, request_id, payload, hash FROM entry ORDER BY seq
