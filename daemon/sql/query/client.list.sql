-- SPDX-License-Identifier: MIT
-- doc: Clients, the newest first.
-- role: operator
-- shape: page
-- param: find text min=1 max=200 -- Only those whose record number begins so, or a word of whose name does; without regard to case and accents.
-- param: hold bool default=false -- Only those under legal hold.
-- param: erased bool default=false -- Those too whose personal values were erased.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the client in this database.
-- column: number text -- Record number of the clinic; null when erased.
-- column: name text -- Name; null when not recorded, or erased.
-- column: birth_date text -- Day of birth; null when not recorded, or erased.
-- column: age_checked time -- When an identity document was looked at; null when never.
-- column: hold time -- Under legal hold since; null when not.
-- column: erased time -- When the personal values were erased; null when not.
-- column: sessions int -- Sessions so far.
-- column: last_session time -- When the last one began; null when there was none.
-- column: version int -- Entry that last changed the record.

SELECT c.id, n.value AS number, m.value AS name, b.value AS birth_date, c.age_checked_us, c.hold_us, c.erased_us,
	(SELECT count(*) FROM session WHERE client = c.id AND state <> 'void') AS sessions,
	(SELECT start_us FROM session WHERE client = c.id AND state <> 'void' ORDER BY start_us DESC LIMIT 1) AS last_session_us,
	c.entry AS version, c.id AS cursor
FROM client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	LEFT JOIN personal b ON b.entry = c.birth_date_entry AND b.field = 'birth_date'
WHERE (c.erased_us IS NULL OR :erased)
	AND (c.hold_us IS NOT NULL OR NOT :hold)
	AND (substr(fold(n.value), 1, length(fold(:find))) = fold(:find) OR name_match(m.value, :find) IS NOT NULL) -- if find
	AND c.id < cursor_part(:after, 0, 1) -- if after
ORDER BY c.id DESC
LIMIT :limit
