-- SPDX-License-Identifier: MIT
-- doc: Everything about one pen, in the order of time: the sessions and clients that it worked on, its cartridges, its hygiene, machine time
-- doc: that is no session's, what was lost or found, and what was done to it, by whom.
-- role: operator
-- shape: page
-- param: pen ref:pen required -- Its serial number, or the beginning of it.
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
		WHERE a.noun = 'pen' AND a.id = :pen AND a.subject = 1
			AND e.at_us >= :since -- if since
			AND e.at_us < :until -- if until
			AND false -- if side=met
			AND e.at_us >= cursor_part(:after, 0, 3) AND (e.at_us, 1, e.seq) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY e.at_us, e.seq LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT a.from_us, 2, a.id, 'met', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner),
			a.session, s.client, a.pen,
			ltrim(coalesce(', ' || s.kind || coalesce(' ' || s.ordinal, ''), '')
				|| coalesce(', ' || 'until ' || substr(local_time(a.to_us), 12), '')
				|| coalesce(', ' || (SELECT t.runs || ' runs, ' || t.cycles || ' cycles, ' || round(t.on_time_us / 6e7, 1) || ' min of motor' FROM session_total t WHERE t.session = a.session AND t.pen = a.pen), ''), ', '), a.entry
		FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
		WHERE a.pen = :pen AND s.state <> 'void' AND a.void IS NULL
			AND a.from_us >= :since -- if since
			AND a.from_us < :until -- if until
			AND false -- if side=done
			AND a.from_us >= cursor_part(:after, 0, 3) AND (a.from_us, 2, a.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY a.from_us, a.id LIMIT :limit)
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
		FROM item_use u INDEXED BY item_use_pen LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.pen = :pen AND u.void IS NULL
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
		FROM hygiene h INDEXED BY hygiene_pen LEFT JOIN session s ON s.id = h.session LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE h.pen = :pen AND h.void IS NULL
			AND h.at_us >= :since -- if since
			AND h.at_us < :until -- if until
			AND false -- if side=done
			AND h.at_us >= cursor_part(:after, 0, 3) AND (h.at_us, 4, h.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY h.at_us, h.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT r.start_us, 5, r.id, 'met', 'run of nobody', NULL,
			NULL, NULL, r.pen,
			ltrim(coalesce(', ' || 'run #' || r.id, '')
				|| coalesce(', ' || r.cycles || ' cycles', '')
				|| coalesce(', ' || round(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us) / 1e6, 1) || ' s', ''), ', '), r.entry
		FROM run r INDEXED BY run_unattributed
		WHERE r.session IS NULL AND r.attribution <> 3 AND r.start_us IS NOT NULL AND r.pen = :pen
			AND r.start_us >= :since -- if since
			AND r.start_us < :until -- if until
			AND false -- if side=done
			AND r.start_us >= cursor_part(:after, 0, 3) AND (r.start_us, 5, r.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY r.start_us, r.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT r.start_us, 6, r.id, 'met', 'run dismissed', (SELECT actor FROM entry WHERE seq = r.attribution_entry),
			NULL, NULL, r.pen,
			ltrim(coalesce(', ' || 'run #' || r.id, '')
				|| coalesce(', ' || r.dismissed, '')
				|| coalesce(', ' || r.cycles || ' cycles', '')
				|| coalesce(', ' || round(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us) / 1e6, 1) || ' s', ''), ', '), r.entry
		FROM run r INDEXED BY run_dismissed
		WHERE r.attribution = 3 AND r.start_us IS NOT NULL AND r.pen = :pen
			AND r.start_us >= :since -- if since
			AND r.start_us < :until -- if until
			AND false -- if side=done
			AND r.start_us >= cursor_part(:after, 0, 3) AND (r.start_us, 6, r.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY r.start_us, r.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.first_seen_us, 7, x.id, 'met', 'first seen', NULL,
			NULL, NULL, x.id,
			ltrim(coalesce(', ' || x.manufacturer, '')
				|| coalesce(', ' || x.model, '')
				|| coalesce(', ' || 'firmware now ' || x.firmware, ''), ', '), x.entry
		FROM pen x
		WHERE x.id = :pen
			AND x.first_seen_us >= :since -- if since
			AND x.first_seen_us < :until -- if until
			AND false -- if side=done
			AND x.first_seen_us >= cursor_part(:after, 0, 3) AND (x.first_seen_us, 7, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.first_seen_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.before_us, 8, x.id, 'met', 'records lost', NULL,
			NULL, NULL, x.pen,
			ltrim(coalesce(', ' || (x.next_seq - x.first_seq) || ' records', '')
				|| coalesce(', ' || 'after ' || local_time(x.after_us), ''), ', '), x.id
		FROM loss x INDEXED BY loss_pen
		WHERE x.pen = :pen
			AND x.before_us >= :since -- if since
			AND x.before_us < :until -- if until
			AND false -- if side=done
			AND x.before_us >= cursor_part(:after, 0, 3) AND (x.before_us, 8, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.before_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.at_us, 9, x.id, 'met', 'finding', NULL,
			NULL, NULL, x.pen,
			ltrim(coalesce(', ' || x.kind, ''), ', '), x.id
		FROM finding x INDEXED BY finding_pen
		WHERE x.pen = :pen
			AND x.at_us >= :since -- if since
			AND x.at_us < :until -- if until
			AND false -- if side=done
			AND x.at_us >= cursor_part(:after, 0, 3) AND (x.at_us, 9, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.at_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.at_us, 10, x.id, 'done', x.kind, (SELECT actor FROM entry WHERE seq = x.id),
			NULL, NULL, x.pen,
			'', x.id
		FROM mark x INDEXED BY mark_pen
		WHERE x.pen = :pen
			AND x.at_us >= :since -- if since
			AND x.at_us < :until -- if until
			AND false -- if side=met
			AND x.at_us >= cursor_part(:after, 0, 3) AND (x.at_us, 10, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.at_us, x.id LIMIT :limit)
	ORDER BY 1, 2, 3 LIMIT :limit
) few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
ORDER BY few.at_us, few.n, few.id
