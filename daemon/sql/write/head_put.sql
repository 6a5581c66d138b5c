-- The signed end of the chain.
INSERT INTO head (id, seq, hash, at_us, key_id, signature) VALUES (1, :seq, :hash, :at_us, :key_id, :signature)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at_us = excluded.at_us,
	key_id = excluded.key_id, signature = excluded.signature
