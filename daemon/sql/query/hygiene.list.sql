-- SPDX-License-Identifier: MIT
-- doc: What was cleaned, disinfected, sterilised, tested and serviced; the newest first.
-- role: operator
-- shape: page
-- param: kind text values=disinfected|barrier|cleaned|sterilised|spore_test|prepared|discarded|serviced -- Only these.
-- param: pen ref:pen -- Only those on this pen.
-- param: place ref:place -- Only those at this place.
-- param: session ref:session -- Only those that were counted to this session.
-- param: since time -- Only those at this time or later.
-- param: until time -- Only those before this time.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- param: client ref:client -- Only those that were counted to sessions of this client: record number, or name.
-- column: id int -- Number of the event.
-- column: kind text -- What was done.
-- column: pen text -- Serial number of the pen; null for none.
-- column: place int -- Number of the place; null for none.
-- column: place_name text -- Its name.
-- column: session int -- Number of the session that it was counted to; null for none.
-- column: at time -- When.
-- column: practitioner int -- Number of the practitioner who did it.
-- column: practitioner_name text -- Their name.
-- column: product int -- Number of the product.
-- column: product_name text -- Its name.
-- column: lot int -- Number of the lot.
-- column: lot_number text -- The lot as printed.
-- column: concentration text -- Of the disinfectant.
-- column: result text -- Of a spore test: passed or failed.
-- column: note text -- Free text.
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT h.id, h.kind, pn.serial AS pen, h.place, pl.name AS place_name, h.session, h.at_us, h.practitioner, pr.name AS practitioner_name,
	h.product, p.name AS product_name, h.lot, l.number AS lot_number, h.concentration, h.result, t.value AS note,
	h.void IS NOT NULL AS void, h.entry AS version, h.at_us || '.' || h.id AS cursor
FROM hygiene h
	LEFT JOIN pen pn ON pn.id = h.pen
	LEFT JOIN place pl ON pl.id = h.place
	LEFT JOIN practitioner pr ON pr.id = h.practitioner
	LEFT JOIN product p ON p.id = h.product
	LEFT JOIN lot l ON l.id = h.lot
	LEFT JOIN personal t ON t.entry = h.note_entry AND t.field = 'note'
WHERE (h.void IS NULL OR :void)
	AND h.kind = :kind                                                             -- if kind
	AND h.pen = :pen                                                               -- if pen
	AND h.place = :place                                                           -- if place
	AND h.session = :session                                                       -- if session
	AND h.session IN (SELECT id FROM session WHERE client = :client)               -- if client
	AND h.at_us >= :since                                                          -- if since
	AND h.at_us < :until                                                           -- if until
	AND (h.at_us, h.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))   -- if after
ORDER BY h.at_us DESC, h.id DESC
LIMIT :limit
