-- SPDX-License-Identifier: MIT
-- doc: A record as it was at some time, rebuilt from its entries and from those of the records that they name. Personal values that
-- doc: were erased since then are missing; machine time is told by the clocks as they are known now.
-- role: operator
-- shape: moment
-- param: noun text required values=client|condition|consent|course|hygiene|lot|patch_test|pause|place|practitioner|product|reaction|segment|session|step|use -- What kind of record.
-- param: record ref:* required -- Its number, such as #17, or what it is called.
-- param: at time -- When; without it, now.
-- column: id int -- Its number. The other members are those of NOUN.get; of kinds without that method, the columns of the record.
-- column: version int -- Entry that had last changed it then.

-- All entries that name the record, and its client, whose consents hold for each session. Of a place only those of its hygiene: what else
-- hangs on a practitioner, a place or a product is too much, and not shown by their own methods. So it is with what other records
-- say of the same pen.
WITH RECURSIVE
	-- what it names, what that names in turn: each by the entries that changed it. whole: 1 by those that name it, 2 those of hygiene
	named (noun, id, whole) AS (
		SELECT :noun, :record, CASE :noun WHEN 'place' THEN 2 WHEN 'practitioner' THEN 0 WHEN 'product' THEN 0 ELSE 1 END
		UNION
		SELECT b.noun, b.id, n.whole = 1 AND (b.noun = :noun AND b.id = :record
			OR b.noun = 'client' AND n.noun = :noun AND n.id = :record AND :noun <> 'lot')
		FROM named n JOIN about a ON a.noun = n.noun AND a.id = n.id
			AND (a.subject = 1 OR n.whole = 1 OR n.whole = 2 AND a.entry IN (
				SELECT x.entry FROM hygiene h JOIN about x ON x.noun = 'hygiene' AND x.id = h.id WHERE h.place = n.id))
			JOIN about b INDEXED BY about_entry ON b.entry = a.entry
	)
SELECT e.seq, e.at_us, e.actor, e.action, e.payload, e.hash, max(a.noun = :noun AND a.id = :record) AS own
FROM named n JOIN about a ON a.noun = n.noun AND a.id = n.id
	AND (a.subject = 1 OR n.whole = 1 OR n.whole = 2 AND a.entry IN (
				SELECT x.entry FROM hygiene h JOIN about x ON x.noun = 'hygiene' AND x.id = h.id WHERE h.place = n.id))
	JOIN entry e ON e.seq = a.entry
WHERE e.at_us <= coalesce(:at, e.at_us)
GROUP BY e.seq
ORDER BY e.seq
