-- SPDX-License-Identifier: MIT
-- doc: Everything about one lot, in the order of time: the sessions and clients that it was used on, also by serial number of a cartridge
-- doc: that a pen reported, what was disinfected or wrapped with it, patch tests, and what was done to it, by whom.
-- role: operator
-- shape: page
-- param: lot ref:lot required -- Its number as printed, or product and number.
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
		WHERE a.noun = 'lot' AND a.id = :lot AND a.subject = 1
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
		FROM item_use u INDEXED BY item_use_lot LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.lot = :lot AND u.void IS NULL
			AND u.at_us >= :since -- if since
			AND u.at_us < :until -- if until
			AND false -- if side=done
			AND u.at_us >= cursor_part(:after, 0, 3) AND (u.at_us, 2, u.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY u.at_us, u.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT u.at_us, 3, u.id, 'met', coalesce(q.category, 'cartridge'), iif(u.source = 'pen', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner)),
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
		WHERE u.lot IS NULL AND u.serial IN (SELECT o.serial FROM item_use o INDEXED BY item_use_lot WHERE o.lot = :lot AND o.serial IS NOT NULL AND o.void IS NULL) AND u.void IS NULL
			AND u.at_us >= :since -- if since
			AND u.at_us < :until -- if until
			AND false -- if side=done
			AND u.at_us >= cursor_part(:after, 0, 3) AND (u.at_us, 3, u.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY u.at_us, u.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT h.at_us, 4, h.id, 'met', h.kind, (SELECT name FROM practitioner WHERE id = h.practitioner),
			h.session, s.client, h.pen,
			ltrim(coalesce(', ' || (SELECT name FROM place WHERE id = h.place), '')
				|| coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || h.concentration, '')
				|| coalesce(', ' || h.result, ''), ', '), h.entry
		FROM hygiene h INDEXED BY hygiene_lot LEFT JOIN session s ON s.id = h.session LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE h.lot = :lot AND h.void IS NULL
			AND h.at_us >= :since -- if since
			AND h.at_us < :until -- if until
			AND false -- if side=done
			AND h.at_us >= cursor_part(:after, 0, 3) AND (h.at_us, 4, h.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY h.at_us, h.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.at_us, 5, x.id, 'met', 'patch_test', (SELECT name FROM practitioner WHERE id = x.practitioner),
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || iif(x.read_us IS NULL, 'not read', 'read ' || local_time(x.read_us)), '')
				|| coalesce(', ' || 'result ' || x.result, ''), ', '), x.entry
		FROM patch_test x INDEXED BY patch_test_at LEFT JOIN lot k ON k.id = x.lot LEFT JOIN product q ON q.id = coalesce(x.product, k.product)
		WHERE x.lot = :lot AND x.void IS NULL
			AND x.at_us >= :since -- if since
			AND x.at_us < :until -- if until
			AND false -- if side=done
			AND x.at_us >= cursor_part(:after, 0, 3) AND (x.at_us, 5, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.at_us, x.id LIMIT :limit)
	ORDER BY 1, 2, 3 LIMIT :limit
) few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
ORDER BY few.at_us, few.n, few.id
