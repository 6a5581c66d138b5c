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

-- What hangs on a practitioner, a place or a product is too much, and not shown by their own methods.
WITH RECURSIVE
	-- what it names, what that names in turn: each by the entries that changed it
	named (noun, id, whole) AS (
		SELECT :noun, :record, :noun NOT IN ('practitioner', 'place', 'product')
		UNION
		SELECT b.noun, b.id, b.noun = :noun AND b.id = :record AND n.whole
		FROM named n JOIN about a ON a.noun = n.noun AND a.id = n.id AND (a.subject = 1 OR n.whole)
			JOIN about b INDEXED BY about_entry ON b.entry = a.entry
	)
SELECT e.seq, e.at_us, e.actor, e.action, e.payload, e.hash, max(a.noun = :noun AND a.id = :record) AS own
FROM named n JOIN about a ON a.noun = n.noun AND a.id = n.id AND (a.subject = 1 OR n.whole)
	JOIN entry e ON e.seq = a.entry
WHERE e.at_us <= coalesce(:at, e.at_us)
GROUP BY e.seq
ORDER BY e.seq
