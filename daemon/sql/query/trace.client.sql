-- SPDX-License-Identifier: MIT
-- doc: Everything about one client, in the order of time: sessions, pens, zones, steps, what was used, hygiene, consents, tests and
-- doc: reactions, and what was done to the record, by whom.
-- role: operator
-- shape: page
-- param: client ref:client required -- Record number, or name.
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
		WHERE a.noun = 'client' AND a.id = :client AND a.subject = 1
			AND e.at_us >= :since -- if since
			AND e.at_us < :until -- if until
			AND false -- if side=met
			AND e.at_us >= cursor_part(:after, 0, 3) AND (e.at_us, 1, e.seq) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY e.at_us, e.seq LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT s.start_us, 2, s.id, 'met', 'session', (SELECT name FROM practitioner WHERE id = s.practitioner),
			s.id, s.client, (SELECT a.pen FROM assignment a INDEXED BY assignment_session WHERE a.session = s.id AND a.void IS NULL ORDER BY a.from_us LIMIT 1),
			ltrim(coalesce(', ' || s.kind || coalesce(' ' || s.ordinal, ''), '')
				|| coalesce(', ' || ((s.end_us - s.start_us) / 60000000) || ' min', '')
				|| coalesce(', ' || s.state, '')
				|| coalesce(', ' || (SELECT sum(t.runs) || ' runs, ' || sum(t.cycles) || ' cycles, ' || round(sum(t.on_time_us) / 6e7, 1) || ' min of motor' FROM session_total t WHERE t.session = s.id HAVING count(*) > 0), '')
				|| coalesce(', ' || (SELECT name FROM place WHERE id = s.place), '')
				|| coalesce(', ' || iif(s.complications = 'noted', 'complications noted', NULL), ''), ', '), s.entry
		FROM session s INDEXED BY session_client
		WHERE s.client = :client AND s.state <> 'void'
			AND s.start_us >= :since -- if since
			AND s.start_us < :until -- if until
			AND false -- if side=done
			AND s.start_us >= cursor_part(:after, 0, 3) AND (s.start_us, 2, s.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY s.start_us, s.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT a.from_us, 3, a.id, 'met', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner),
			a.session, s.client, a.pen,
			ltrim(coalesce(', ' || s.kind || coalesce(' ' || s.ordinal, ''), '')
				|| coalesce(', ' || 'until ' || substr(local_time(a.to_us), 12), '')
				|| coalesce(', ' || (SELECT t.runs || ' runs, ' || t.cycles || ' cycles, ' || round(t.on_time_us / 6e7, 1) || ' min of motor' FROM session_total t WHERE t.session = a.session AND t.pen = a.pen), ''), ', '), a.entry
		FROM session s INDEXED BY session_client CROSS JOIN assignment a ON a.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND a.void IS NULL
			AND a.from_us >= :since -- if since
			AND a.from_us < :until -- if until
			AND false -- if side=done
			AND a.from_us >= cursor_part(:after, 0, 3) AND (a.from_us, 3, a.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY a.from_us, a.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT g.from_us, 4, g.id, 'met', 'zone', (SELECT name FROM practitioner WHERE id = s.practitioner),
			g.session, s.client, NULL,
			ltrim(coalesce(', ' || g.zone, '')
				|| coalesce(', ' || 'until ' || substr(local_time(g.to_us), 12), '')
				|| coalesce(', ' || (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note'), ''), ', '), g.entry
		FROM session s INDEXED BY session_client CROSS JOIN segment g ON g.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND g.void IS NULL
			AND g.from_us >= :since -- if since
			AND g.from_us < :until -- if until
			AND false -- if side=done
			AND g.from_us >= cursor_part(:after, 0, 3) AND (g.from_us, 4, g.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY g.from_us, g.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT g.at_us, 5, g.id, 'met', 'step', (SELECT name FROM practitioner WHERE id = s.practitioner),
			g.session, s.client, NULL,
			ltrim(coalesce(', ' || g.kind, '')
				|| coalesce(', ' || (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note'), ''), ', '), g.entry
		FROM session s INDEXED BY session_client CROSS JOIN step g ON g.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND g.void IS NULL
			AND g.at_us >= :since -- if since
			AND g.at_us < :until -- if until
			AND false -- if side=done
			AND g.at_us >= cursor_part(:after, 0, 3) AND (g.at_us, 5, g.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY g.at_us, g.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT u.at_us, 6, u.id, 'met', coalesce(q.category, 'cartridge'), iif(u.source = 'pen', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner)),
			u.session, s.client, coalesce(u.pen, (SELECT iif(count(DISTINCT a.pen) = 1, max(a.pen), NULL) FROM assignment a INDEXED BY assignment_session WHERE a.session = u.session AND a.void IS NULL)),
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || 'good to ' || k.expiry, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || 'serial ' || u.serial, '')
				|| coalesce(', ' || coalesce(u.needle, q.needle), '')
				|| coalesce(', ' || iif(u.quantity > 1, u.quantity || ' pieces', NULL), '')
				|| coalesce(', ' || 'taken out ' || local_time(u.until_us), ''), ', '), u.entry
		FROM session s INDEXED BY session_client CROSS JOIN item_use u ON u.session = s.id LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE s.client = :client AND s.state <> 'void' AND u.void IS NULL
			AND u.at_us >= :since -- if since
			AND u.at_us < :until -- if until
			AND false -- if side=done
			AND u.at_us >= cursor_part(:after, 0, 3) AND (u.at_us, 6, u.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY u.at_us, u.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT h.at_us, 7, h.id, 'met', h.kind, (SELECT name FROM practitioner WHERE id = h.practitioner),
			h.session, s.client, h.pen,
			ltrim(coalesce(', ' || (SELECT name FROM place WHERE id = h.place), '')
				|| coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || h.concentration, '')
				|| coalesce(', ' || h.result, ''), ', '), h.entry
		FROM session s INDEXED BY session_client CROSS JOIN hygiene h ON h.session = s.id LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE s.client = :client AND s.state <> 'void' AND h.void IS NULL
			AND h.at_us >= :since -- if since
			AND h.at_us < :until -- if until
			AND false -- if side=done
			AND h.at_us >= cursor_part(:after, 0, 3) AND (h.at_us, 7, h.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY h.at_us, h.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT n.at_us, 8, n.id, 'met', n.kind, (SELECT name FROM practitioner WHERE id = n.practitioner),
			n.session, n.client, NULL,
			ltrim(coalesce(', ' || n.form, '')
				|| coalesce(', ' || n.form_version, '')
				|| coalesce(', ' || iif(n.risks, 'risks explained', NULL), '')
				|| coalesce(', ' || 'withdrawn ' || local_time(n.withdrawn_us), ''), ', '), n.entry
		FROM consent n INDEXED BY consent_client
		WHERE n.client = :client AND n.void IS NULL
			AND n.at_us >= :since -- if since
			AND n.at_us < :until -- if until
			AND false -- if side=done
			AND n.at_us >= cursor_part(:after, 0, 3) AND (n.at_us, 8, n.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY n.at_us, n.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.at_us, 9, x.id, 'met', 'patch_test', (SELECT name FROM practitioner WHERE id = x.practitioner),
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || iif(x.read_us IS NULL, 'not read', 'read ' || local_time(x.read_us)), '')
				|| coalesce(', ' || 'result ' || x.result, ''), ', '), x.entry
		FROM patch_test x INDEXED BY patch_test_client LEFT JOIN lot k ON k.id = x.lot LEFT JOIN product q ON q.id = coalesce(x.product, k.product)
		WHERE x.client = :client AND x.void IS NULL
			AND x.at_us >= :since -- if since
			AND x.at_us < :until -- if until
			AND false -- if side=done
			AND x.at_us >= cursor_part(:after, 0, 3) AND (x.at_us, 9, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.at_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.at_us, 10, x.id, 'met', 'reaction', NULL,
			x.session, x.client, NULL,
			ltrim(coalesce(', ' || x.kind, '')
				|| coalesce(', ' || x.severity, '')
				|| coalesce(', ' || 'cause ' || x.cause, '')
				|| coalesce(', ' || 'reported ' || local_time(x.reported_us), '')
				|| coalesce(', ' || 'followed up ' || local_time(x.followed_up_us), '')
				|| coalesce(', ' || iif(x.closed_us IS NULL, 'open', 'closed ' || local_time(x.closed_us)), ''), ', '), x.entry
		FROM reaction x INDEXED BY reaction_client
		WHERE x.client = :client AND x.void IS NULL
			AND x.at_us >= :since -- if since
			AND x.at_us < :until -- if until
			AND false -- if side=done
			AND x.at_us >= cursor_part(:after, 0, 3) AND (x.at_us, 10, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.at_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT x.added_us, 11, x.id, 'met', 'course', (SELECT name FROM practitioner WHERE id = x.practitioner),
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || x.ordinal, '')
				|| coalesce(', ' || x.goal, '')
				|| coalesce(', ' || x.state, '')
				|| coalesce(', ' || 'completed ' || local_time(x.completed_us), ''), ', '), x.entry
		FROM course x
		WHERE x.client = :client
			AND x.added_us >= :since -- if since
			AND x.added_us < :until -- if until
			AND false -- if side=done
			AND x.added_us >= cursor_part(:after, 0, 3) AND (x.added_us, 11, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY x.added_us, x.id LIMIT :limit)
	UNION ALL SELECT * FROM (
		SELECT e.at_us, 12, x.id, 'met', x.kind, e.actor,
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || (SELECT value FROM personal WHERE entry = x.code_entry AND field = 'code'), '')
				|| coalesce(', ' || x.zone, '')
				|| coalesce(', ' || 'since ' || x.since, '')
				|| coalesce(', ' || 'until ' || x.until, ''), ', '), x.entry
		FROM condition x INDEXED BY condition_client JOIN entry e ON e.seq = x.entry
		WHERE x.client = :client AND x.void IS NULL
			AND e.at_us >= :since -- if since
			AND e.at_us < :until -- if until
			AND false -- if side=done
			AND e.at_us >= cursor_part(:after, 0, 3) AND (e.at_us, 12, x.id) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
		ORDER BY e.at_us, x.id LIMIT :limit)
	ORDER BY 1, 2, 3 LIMIT :limit
) few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
ORDER BY few.at_us, few.n, few.id
