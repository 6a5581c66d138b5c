-- SPDX-License-Identifier: MIT
-- doc: What was consumed in sessions, and cartridges that pens reported; the newest first.
-- role: operator
-- shape: page
-- param: session ref:session -- Only those of this session.
-- param: lot ref:lot -- Only those of this lot.
-- param: serial text min=1 max=60 -- Only those of this cartridge.
-- param: pen ref:pen -- Only those in this pen.
-- param: since time -- Only those at this time or later.
-- param: until time -- Only those before this time.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- param: client ref:client -- Only those in sessions of this client: record number, or name.
-- column: id int -- Number of the use.
-- column: session int -- Number of the session; null when it lies in none.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: segment int -- Number of the segment; null when not said.
-- column: step int -- Number of the step; null when not said.
-- column: pen text -- Serial number of the pen; null for none.
-- column: product int -- Number of the product.
-- column: product_name text -- Its name.
-- column: category text -- What it is.
-- column: lot int -- Number of the lot.
-- column: lot_number text -- The lot as printed.
-- column: lot_status text -- ok, quarantined or recalled: as it is now.
-- column: serial text -- Of one cartridge.
-- column: needle text -- As the pen reports it, or as the product says.
-- column: quantity int -- How many.
-- column: at time -- When; of a cartridge that a pen reported, when it was put in.
-- column: until time -- When that cartridge was taken out.
-- column: source text -- person (typed or scanned) or pen (the pen reported it).
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT u.id, u.session, s.client, cn.value AS client_number, cm.value AS client_name, u.segment, u.step, pn.serial AS pen,
	u.product, p.name AS product_name, p.category, u.lot, l.number AS lot_number, l.status AS lot_status, u.serial,
	coalesce(u.needle, p.needle) AS needle, u.quantity, u.at_us, u.until_us, u.source, u.void IS NOT NULL AS void, u.entry AS version,
	u.at_us || '.' || u.id AS cursor
FROM item_use u
	LEFT JOIN session s ON s.id = u.session
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN pen pn ON pn.id = u.pen
	LEFT JOIN lot l ON l.id = u.lot
	LEFT JOIN product p ON p.id = u.product
WHERE (u.void IS NULL OR :void)
	AND u.session = :session                                                       -- if session
	AND u.session IN (SELECT id FROM session WHERE client = :client)               -- if client
	AND u.lot = :lot                                                               -- if lot
	AND u.serial = :serial                                                         -- if serial
	AND u.pen = :pen                                                               -- if pen
	AND u.at_us >= :since                                                          -- if since
	AND u.at_us < :until                                                           -- if until
	AND (u.at_us, u.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))   -- if after
ORDER BY u.at_us DESC, u.id DESC
LIMIT :limit
