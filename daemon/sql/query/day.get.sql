-- SPDX-License-Identifier: MIT
-- doc: A day of the clinic: who sits where, with live machine time and what is missing; the pens and their hygiene; machine time that
-- doc: is nobody's.
-- role: operator
-- shape: object
-- param: day date -- Which day; today if not given.
-- column: day int -- The day in the clinic's zone, yyyymmdd.
-- column: sessions json -- Sessions that began then, and those that are open, in the order in which they began: [{session, client, number, name, kind, ordinal, practitioner, place, start, end, state, started_by, ended_by, pens, paused, zone, runs, cycles, on_time_s, open_run},...].
-- column: missing json -- What is missing before each of them can be signed: [{session, what, hint},...].
-- column: warnings json -- What the audit warns of in them, as far as nobody has acknowledged it: [{session, finding, rule, severity, says, do},...].
-- column: pens json -- Pens, by serial number: [{pen, serial, session, number, hygiene, last_disinfected, last_barrier, last_session, last_session_end},...]. hygiene: ready (disinfected, and with a new barrier, since the session of another client before), due (not so), or unused.
-- column: unattributed json -- Runs of the day that are nobody's: {runs, cycles, on_time_s, pens: [{serial, runs, cycles, on_time_s},...]}.
-- column: unattributed_all json -- The same of all days: {runs, cycles, on_time_s, since}.
-- column: unsigned int -- Sessions of all days that ended and are not signed.

-- The range 'id > 0' and the like make small tables be read by their keys, in order. Runs that have ended are in session_total.
SELECT one.day,
	(SELECT json_group_array(json_object('session', s.id, 'client', s.client,
			'number', (SELECT n.value FROM client c JOIN personal n ON n.entry = c.number_entry AND n.field = 'number' WHERE c.id = s.client),
			'name', (SELECT n.value FROM client c JOIN personal n ON n.entry = c.name_entry AND n.field = 'name' WHERE c.id = s.client),
			'kind', s.kind, 'ordinal', s.ordinal,
			'practitioner', (SELECT name FROM practitioner WHERE id = s.practitioner), 'place', (SELECT name FROM place WHERE id = s.place),
			'start', utc_time(s.start_us), 'end', utc_time(s.end_us), 'state', s.state, 'started_by', s.started_by, 'ended_by', s.ended_by,
			'pens', json((SELECT json_group_array(p.serial) FROM assignment a JOIN pen p ON p.id = a.pen
				WHERE a.session = s.id AND a.void IS NULL AND (s.state <> 'open' OR a.to_us IS NULL))),
			'paused', json(iif(EXISTS (SELECT 1 FROM pause z WHERE z.session = s.id AND z.void IS NULL AND z.to_us IS NULL), 'true', 'false')),
			'zone', (SELECT g.zone FROM segment g WHERE g.session = s.id AND g.void IS NULL AND g.to_us IS NULL ORDER BY g.from_us DESC LIMIT 1),
			'runs', coalesce((SELECT sum(t.runs) FROM session_total t WHERE t.session = s.id), 0)
				+ (SELECT count(*) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id),
			'cycles', coalesce((SELECT sum(t.cycles) FROM session_total t WHERE t.session = s.id), 0)
				+ (SELECT coalesce(sum(r.cycles), 0) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id),
			'on_time_s', (coalesce((SELECT sum(t.on_time_us) FROM session_total t WHERE t.session = s.id), 0)
				+ (SELECT coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id)) / 1e6,
			'open_run', (SELECT max(r.id) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id)))
		FROM session s
		WHERE (s.day = one.day AND s.start_us > 0 OR s.state = 'open' AND s.start_us > 0) AND s.state <> 'void') AS sessions,
	(SELECT json_group_array(json_object('session', few.session, 'what', few.what, 'hint', few.hint))
		FROM (SELECT w.session, w.what, w.hint FROM session s CROSS JOIN session_gaps w ON w.session = s.id
			WHERE (s.day = one.day AND s.start_us > 0 OR s.state = 'open' AND s.start_us > 0) AND s.state IN ('open', 'closed') LIMIT 10000) few) AS missing,
	(SELECT json_group_array(json_object('session', few.session, 'finding', few.finding, 'rule', few.rule, 'severity', few.severity, 'says', few.says,
			'do', few.does))
		FROM (SELECT w.session, w.finding, w.rule, w.severity, w.says, w.does FROM session s CROSS JOIN audit_seen w ON w.session = s.id
			WHERE (s.day = one.day AND s.start_us > 0 OR s.state = 'open' AND s.start_us > 0) AND s.state IN ('open', 'closed')
				AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.finding = w.finding) LIMIT 10000) few) AS warnings,
	(SELECT json_group_array(json_object('pen', p.id, 'serial', p.serial,
			'session', (SELECT iif(a.to_us IS NULL, a.session, NULL) FROM assignment a WHERE a.pen = p.id AND a.void IS NULL ORDER BY a.from_us DESC LIMIT 1),
			'number', (SELECT n.value FROM session s JOIN client c ON c.id = s.client
				JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
				WHERE s.id = (SELECT iif(a.to_us IS NULL, a.session, NULL) FROM assignment a
					WHERE a.pen = p.id AND a.void IS NULL ORDER BY a.from_us DESC LIMIT 1)),
			'hygiene', CASE
				WHEN NOT EXISTS (SELECT 1 FROM assignment a JOIN session s ON s.id = a.session WHERE a.pen = p.id AND a.void IS NULL AND a.to_us IS NOT NULL AND s.client IS NOT
						(SELECT iif(o.to_us IS NULL, os.client, NULL) FROM assignment o JOIN session os ON os.id = o.session
							WHERE o.pen = p.id AND o.void IS NULL ORDER BY o.from_us DESC LIMIT 1)) THEN 'unused'
				WHEN (SELECT max(h.at_us) FROM hygiene h WHERE h.pen = p.id AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL)
						>= (SELECT a.to_us FROM assignment a JOIN session s ON s.id = a.session WHERE a.pen = p.id AND a.void IS NULL AND a.to_us IS NOT NULL AND s.client IS NOT
						(SELECT iif(o.to_us IS NULL, os.client, NULL) FROM assignment o JOIN session os ON os.id = o.session
							WHERE o.pen = p.id AND o.void IS NULL ORDER BY o.from_us DESC LIMIT 1) ORDER BY a.from_us DESC LIMIT 1)
					AND (SELECT max(h.at_us) FROM hygiene h WHERE h.pen = p.id AND h.kind = 'barrier' AND h.void IS NULL)
						>= (SELECT a.to_us FROM assignment a JOIN session s ON s.id = a.session WHERE a.pen = p.id AND a.void IS NULL AND a.to_us IS NOT NULL AND s.client IS NOT
						(SELECT iif(o.to_us IS NULL, os.client, NULL) FROM assignment o JOIN session os ON os.id = o.session
							WHERE o.pen = p.id AND o.void IS NULL ORDER BY o.from_us DESC LIMIT 1) ORDER BY a.from_us DESC LIMIT 1)
				THEN 'ready' ELSE 'due' END,
			'last_disinfected', utc_time((SELECT max(h.at_us) FROM hygiene h WHERE h.pen = p.id AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL)),
			'last_barrier', utc_time((SELECT max(h.at_us) FROM hygiene h WHERE h.pen = p.id AND h.kind = 'barrier' AND h.void IS NULL)),
			'last_session', (SELECT a.session FROM assignment a WHERE a.pen = p.id AND a.void IS NULL AND a.to_us IS NOT NULL ORDER BY a.from_us DESC LIMIT 1),
			'last_session_end', utc_time((SELECT a.to_us FROM assignment a WHERE a.pen = p.id AND a.void IS NULL AND a.to_us IS NOT NULL ORDER BY a.from_us DESC LIMIT 1))))
		FROM pen p WHERE p.serial > '') AS pens,
	(SELECT json_object('runs', count(*), 'cycles', coalesce(sum(r.cycles), 0), 'on_time_s', coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) / 1e6,
			'pens', json((SELECT json_group_array(json_object('serial', p.serial,
				'runs', (SELECT count(*) FROM run x INDEXED BY run_unattributed WHERE x.start_us >= (day_number(one.day) - 1) * 86400000000 AND x.start_us < (day_number(one.day) + 2) * 86400000000 AND x.session IS NULL AND x.attribution <> 3 AND x.local_day = one.day AND x.pen = p.id),
				'cycles', (SELECT coalesce(sum(x.cycles), 0) FROM run x INDEXED BY run_unattributed WHERE x.start_us >= (day_number(one.day) - 1) * 86400000000 AND x.start_us < (day_number(one.day) + 2) * 86400000000 AND x.session IS NULL AND x.attribution <> 3 AND x.local_day = one.day AND x.pen = p.id),
				'on_time_s', (SELECT coalesce(sum(coalesce(x.on_time_us, x.tick_end_us - x.tick_start_us)), 0) / 1e6 FROM run x INDEXED BY run_unattributed WHERE x.start_us >= (day_number(one.day) - 1) * 86400000000 AND x.start_us < (day_number(one.day) + 2) * 86400000000 AND x.session IS NULL AND x.attribution <> 3 AND x.local_day = one.day AND x.pen = p.id)))
				FROM pen p WHERE p.serial > '' AND EXISTS (SELECT 1 FROM run x INDEXED BY run_unattributed WHERE x.start_us >= (day_number(one.day) - 1) * 86400000000 AND x.start_us < (day_number(one.day) + 2) * 86400000000 AND x.session IS NULL AND x.attribution <> 3 AND x.local_day = one.day AND x.pen = p.id))))
		FROM run r INDEXED BY run_unattributed
		WHERE r.start_us >= (day_number(one.day) - 1) * 86400000000 AND r.start_us < (day_number(one.day) + 2) * 86400000000 AND r.session IS NULL AND r.attribution <> 3 AND r.local_day = one.day) AS unattributed,
	(SELECT json_object('runs', count(*), 'cycles', coalesce(sum(r.cycles), 0), 'on_time_s', coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) / 1e6,
			'since', utc_time(min(r.start_us)))
		FROM run r INDEXED BY run_unattributed WHERE r.start_us > 0 AND r.session IS NULL AND r.attribution <> 3) AS unattributed_all,
	(SELECT count(*) FROM session s INDEXED BY session_unsigned WHERE s.state = 'closed' AND s.start_us > 0) AS unsigned
FROM (SELECT coalesce(expiry_day(:day), local_day(unixepoch('now') * 1000000)) AS day) one
