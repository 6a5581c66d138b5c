-- The first head of which an entry tells, and which does not name that entry, or is not kept.
SELECT t.payload ->> 'seq' FROM entry t
WHERE t.action = 'head.keep'
	AND NOT EXISTS (SELECT 1 FROM kept_head k WHERE k.seq = t.payload ->> 'seq' AND k.entry = t.seq)
ORDER BY t.seq
LIMIT 1
