-- SPDX-License-Identifier: MIT
-- doc: Everything about one cartridge that has a serial number, in the order of time: the pens that it was in, the sessions and clients that it
-- doc: met, and what was done to the lots that it is of, by whom.
-- role: operator
-- shape: page
-- param: cartridge text required min=1 max=128 -- Its serial number, as the pen reported it or as it was scanned.
-- param: side text values=met|done -- Only what it met, or only what was done to its record.
-- param: since time -- Only what was at this time or later.
-- param: until time -- Only what was before this time.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
-- column: at time -- When it was; of what was done to the record, when that was written.
-- column: side text -- met: something that happened with it; done: an entry that changed its record.
-- column: what text -- session, pen, cartridge, disinfected, ...; of what was done, the method.
-- column: who text -- Practitioner; of what was done, whose word it was, or the user; null when nobody said.
-- column: session int -- Number of the session; null for none.
-- column: client int -- Number of the client in this database; null for none.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: pen text -- Serial number of the pen; of a session, of its first; of a use, also of the session's only one.
-- column: detail text -- In words: what, for how long, with which lot, by which values.
-- column: entry int -- The entry that holds it, as it is now; null of a run that is still going.

-- Each kind of row comes in its own order and no further than the page, so that a page of a long story costs no more than one of a short.
SELECT few.at_us, few.side, few.what, few.who, few.session, few.client, cn.value AS client_number, cm.value AS client_name,
	(SELECT serial FROM pen WHERE id = few.pen) AS pen, few.detail, few.entry, few.at_us || '.' || few.n || '.' || few.id AS cursor
FROM (
	SELECT * FROM (
		SELECT e.at_us AS at_us, 1 AS n, e.seq AS id, 'done' AS side, e.action AS what, coalesce((SELECT name FROM practitioner WHERE id = e.payload ->> 'on_behalf_of'), e.actor) AS who,
			NULL AS session, NULL AS client, NULL AS pen,
			ltrim(coalesce(', ' || (SELECT group_concat(f.value ->> 'field' || coalesce(' ' || (f.value ->> 'was') || ' to', '') || coalesce(' ' || (f.value ->> 'now'), ''), ', ')
					FROM json_each(history_fields(e.seq, e.action, e.payload)) f), '')
				|| coalesce(', ' || 'reason: ' || (SELECT value FROM personal WHERE entry = e.seq AND field = 'reason'), ''), ', ') AS detail, e.seq AS entry
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'lot' AND a.subject = 1
				AND a.id IN (SELECT o.lot FROM item_use o INDEXED BY item_use_serial WHERE o.serial = :cartridge AND o.lot IS NOT NULL AND o.void IS NULL)
			AND e.at_us >= :since -- if since
			AND e.at_us < :until -- if until
			AND false -- if side=met
			AND e.at_us >= cursor_part(:after, 0, 3) AND (e.at_us, 1, e.seq) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY e.at_us, e.seq LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT u.at_us, 2, u.id, 'met', coalesce(q.category, 'cartridge'), iif(u.source = 'pen', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner)),
			u.session, s.client, coalesce(u.pen, (SELECT iif(count(DISTINCT a.pen) = 1, max(a.pen), NULL) FROM assignment a INDEXED BY assignment_session WHERE a.session = u.session AND a.void IS NULL)),
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || 'good to ' || k.expiry, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || 'serial ' || u.serial, '')
				|| coalesce(', ' || coalesce(u.needle, q.needle), '')
				|| coalesce(', ' || iif(u.quantity > 1, u.quantity || ' pieces', NULL), '')
				|| coalesce(', ' || 'taken out ' || local_time(u.until_us), ''), ', '), u.entry
		FROM item_use u INDEXED BY item_use_serial LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.serial = :cartridge AND u.void IS NULL
			AND u.at_us >= :since -- if since
			AND u.at_us < :until -- if until
			AND false -- if side=done
			AND u.at_us >= cursor_part(:after, 0, 3) AND (u.at_us, 2, u.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY u.at_us, u.id LIMIT :limit)
	ORDER BY 1, 2, 3 LIMIT :limit
) few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
ORDER BY few.at_us, few.n, few.id
