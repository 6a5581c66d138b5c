-- The signed head, the newest entry and the one that the head is of, and the settings that say whose record it is.
SELECT h.seq, h.hash, h.at_us, h.key_id, h.signature,
	(SELECT max(seq) FROM entry), e.hash,
	(SELECT value FROM setting WHERE name = 'host_id'),
	(SELECT value FROM setting WHERE name = 'key'),
	(SELECT value FROM setting WHERE name = 'zone')
FROM head h LEFT JOIN entry e ON e.seq = h.seq
WHERE h.id = 1
