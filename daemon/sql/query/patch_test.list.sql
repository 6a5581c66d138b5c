-- SPDX-License-Identifier: MIT
-- doc: Patch tests, the newest first.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: unread bool default=false -- Only those that nobody has read yet.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the test.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: product int -- Number of the product.
-- column: product_name text -- Its name.
-- column: lot int -- Number of the lot.
-- column: lot_number text -- The lot as printed.
-- column: at time -- When it was applied.
-- column: read time -- When it was read; null when not yet.
-- column: result text -- none or reaction.
-- column: practitioner int -- Number of the practitioner who applied it.
-- column: practitioner_name text -- Their name.
-- column: note text -- Free text.
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT t.id, t.client, cn.value AS client_number, cm.value AS client_name, t.product, p.name AS product_name, t.lot, l.number AS lot_number,
	t.at_us, t.read_us, t.result, t.practitioner, pr.name AS practitioner_name, x.value AS note, t.void IS NOT NULL AS void,
	t.entry AS version, t.at_us || '.' || t.id AS cursor
FROM patch_test t
	LEFT JOIN client c ON c.id = t.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN product p ON p.id = t.product
	LEFT JOIN lot l ON l.id = t.lot
	LEFT JOIN practitioner pr ON pr.id = t.practitioner
	LEFT JOIN personal x ON x.entry = t.note_entry AND x.field = 'note'
WHERE (t.void IS NULL OR :void) AND (t.read_us IS NULL OR NOT :unread)
	AND t.client = :client                                                         -- if client
	AND (t.at_us, t.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))   -- if after
ORDER BY t.at_us DESC, t.id DESC
LIMIT :limit
