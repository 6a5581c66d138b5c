-- The first head of a day is kept.
INSERT INTO kept_head (seq, hash, at_us, key_id, signature)
SELECT :seq, :hash, :at_us, :key_id, :signature
WHERE local_day(:at_us) IS NOT (SELECT local_day(k.at_us) FROM kept_head k ORDER BY k.seq DESC LIMIT 1)
