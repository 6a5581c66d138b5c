-- SPDX-License-Identifier: MIT
-- doc: One lot with each use of it and the client that it was used on: who met it.
-- role: operator
-- shape: object
-- param: lot ref:lot required -- Its number as printed, or product and number.
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
-- column: uses json -- Uses that stand, the first first: [{id, session, client, client_number, client_name, contact, pen, serial, quantity, at},...].
-- column: clients int -- On how many clients.
-- column: hygiene json -- What was disinfected or wrapped with it: [{id, kind, pen, place, at},...].
-- column: added time -- When it was recorded.
-- column: version int -- Entry that last changed the record.

SELECT l.id, l.product, p.name AS product_name, p.category, l.number, l.expiry, day_text(l.expiry_day) AS last_good_day,
	l.expiry_day < local_day(unixepoch() * 1000000) AS expired, l.status, l.status_us AS status_since_us, l.quantity,
	(SELECT coalesce(sum(quantity), 0) FROM item_use WHERE lot = l.id AND void IS NULL) AS used,
	l.quantity - (SELECT coalesce(sum(quantity), 0) FROM item_use WHERE lot = l.id AND void IS NULL) AS remaining,
	(SELECT json_group_array(json_object('id', u.id, 'session', u.session, 'client', c.id, 'client_number', cn.value, 'client_name', cm.value,
			'contact', cc.value, 'pen', (SELECT serial FROM pen WHERE id = u.pen), 'serial', u.serial, 'quantity', u.quantity, 'at', utc_time(u.at_us)))
		FROM item_use u INDEXED BY item_use_lot
		LEFT JOIN session s ON s.id = u.session
		LEFT JOIN client c ON c.id = s.client
		LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
		LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
		LEFT JOIN personal cc ON cc.entry = c.contact_entry AND cc.field = 'contact'
		WHERE u.lot = l.id AND u.void IS NULL) AS uses,
	(SELECT count(DISTINCT s.client) FROM item_use u JOIN session s ON s.id = u.session WHERE u.lot = l.id AND u.void IS NULL) AS clients,
	(SELECT json_group_array(json_object('id', h.id, 'kind', h.kind, 'pen', (SELECT serial FROM pen WHERE id = h.pen),
			'place', (SELECT name FROM place WHERE id = h.place), 'at', utc_time(h.at_us)))
		FROM hygiene h INDEXED BY hygiene_lot WHERE h.lot = l.id AND h.void IS NULL) AS hygiene,
	l.added_us, l.entry AS version
FROM lot l JOIN product p ON p.id = l.product
WHERE l.id = :lot
