-- SPDX-License-Identifier: MIT
-- doc: Lots, the newest first; those that expire by a day in the order in which they expire.
-- role: viewer
-- shape: page
-- param: product ref:product -- Only those of this product.
-- param: find text min=1 max=60 -- Only those whose number begins so.
-- param: status text values=ok|quarantined|recalled -- Only these.
-- param: expires_by date -- Only those that are good until this day or less.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the lot.
-- column: product int -- Number of the product.
-- column: product_name text -- Its name.
-- column: category text -- What it is.
-- column: number text -- The lot as printed.
-- column: expiry text -- As printed: a day or a month.
-- column: last_good_day text -- That day, or the last of that month.
-- column: expired bool -- Whether that is over; null when no expiry is known.
-- column: status text -- ok, quarantined or recalled.
-- column: status_since time -- Since when.
-- column: quantity int -- Pieces that came in; null when not counted.
-- column: used int -- Pieces that were used in sessions.
-- column: remaining int -- What should be left; null when not counted.
-- column: version int -- Entry that last changed the record.

SELECT l.id, l.product, p.name AS product_name, p.category, l.number, l.expiry, day_text(l.expiry_day) AS last_good_day,
	l.expiry_day < local_day(unixepoch() * 1000000) AS expired, l.status, l.status_us AS status_since_us, l.quantity,
	(SELECT coalesce(sum(quantity), 0) FROM item_use WHERE lot = l.id AND void IS NULL) AS used,
	l.quantity - (SELECT coalesce(sum(quantity), 0) FROM item_use WHERE lot = l.id AND void IS NULL) AS remaining,
	l.entry AS version,
	l.id AS cursor                                                                         -- unless expires_by
	l.expiry_day || '.' || l.id AS cursor                                                  -- if expires_by
FROM lot l
	INDEXED BY lot_expiry                                                                  -- if expires_by
	CROSS JOIN product p ON p.id = l.product
WHERE true
	AND l.id IN (SELECT id FROM lot WHERE product = :product)                              -- if product
	AND substr(fold(l.number), 1, length(fold(:find))) = fold(:find)                       -- if find
	AND l.status = :status                                                                 -- if status
	AND l.expiry_day <= expiry_day(:expires_by)                                            -- if expires_by
	AND (l.expiry_day, l.id) > (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))      -- if after and expires_by
	AND l.id < cursor_part(:after, 0, 1)                                                   -- if after
ORDER BY
	l.id DESC                                                                              -- unless expires_by
	l.expiry_day, l.id                                                                     -- if expires_by
LIMIT :limit
