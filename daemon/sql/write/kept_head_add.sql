INSERT INTO kept_head (seq, hash, at_us, key_id, signature) VALUES (:seq, :hash, :at_us, :key_id, :signature)
