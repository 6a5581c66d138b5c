-- The heads that are kept, the entry of each, and whether the entry that it names tells of it.
SELECT k.seq, k.hash, k.at_us, k.key_id, k.signature, e.hash, k.entry, t.action = 'head.keep' AND t.payload ->> 'seq' = k.seq
FROM kept_head k LEFT JOIN entry e ON e.seq = k.seq LEFT JOIN entry t ON t.seq = k.entry
ORDER BY k.seq
