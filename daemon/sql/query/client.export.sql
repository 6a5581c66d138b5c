-- SPDX-License-Identifier: MIT
-- doc: Everything that the record holds about one client, as one document: personal values, sessions with their machine time, what was
-- doc: used, and each entry about the client or the sessions, with who wrote it.
-- role: operator
-- shape: object
-- param: client ref:client required -- Record number, or name.
-- column: format text -- stipple.client/1.
-- column: id int -- Number of the client in this database.
-- column: number text -- Record number of the clinic; null when erased.
-- column: name text -- Name; null when not recorded, or erased.
-- column: birth_date text -- Day of birth.
-- column: contact text -- How a recall reaches the client.
-- column: note text -- Free text.
-- column: age_checked time -- When an identity document was looked at; null when never.
-- column: age_checked_by text -- Name of the practitioner who looked.
-- column: hold time -- Under legal hold since; null when not.
-- column: erased time -- When the personal values were erased; null when not.
-- column: added time -- When the record was begun.
-- column: conditions json -- Conditions, allergies and treatments: [{id, kind, code, zone, since, until, note},...].
-- column: courses json -- Courses: [{id, ordinal, goal, technique, zones, blueprint, pigment_match, planned_sessions, practitioner, state, completed, added},...].
-- column: sessions json -- Sessions as client.get has them, and in each place, complications, note, signed, signed_by, pauses, segments, steps, pens, uses, hygiene and motor_runs.
-- column: consents json -- Consents: [{id, course, session, form, form_version, risks, at, withdrawn, practitioner, note},...].
-- column: aftercare json -- Aftercare: [{id, session, form, form_version, at, practitioner, note},...].
-- column: patch_tests json -- Patch tests: [{id, product, lot, at, read, result, practitioner, note},...].
-- column: reactions json -- Adverse events: [{id, session, kind, cause, severity, at, note, reported, reported_to, followed_up, follow_up, closed},...].
-- column: entries json -- What was written about the client and the sessions, the first first: [{entry, at, actor, action, payload, personal},...].
-- column: version int -- Entry that last changed the record.

SELECT 'stipple.client/1' AS format, c.id, n.value AS number, m.value AS name, b.value AS birth_date, a.value AS contact, t.value AS note,
	c.age_checked_us, (SELECT name FROM practitioner WHERE id = c.age_checked_by) AS age_checked_by, c.hold_us, c.erased_us, c.added_us,
	(SELECT json_group_array(json_object('id', d.id, 'kind', d.kind, 'code', v.value, 'zone', d.zone, 'since', d.since, 'until', d.until, 'note', t.value))
		FROM condition d INDEXED BY condition_client
		LEFT JOIN personal v ON v.entry = d.code_entry AND v.field = 'code'
		LEFT JOIN personal t ON t.entry = d.note_entry AND t.field = 'note'
		WHERE d.client = c.id AND d.void IS NULL) AS conditions,
	(SELECT json_group_array(json_object('id', k.id, 'ordinal', k.ordinal, 'goal', k.goal, 'technique', k.technique, 'zones', json(k.zones),
			'blueprint', t.value, 'pigment_match', k.pigment_match, 'planned_sessions', k.planned_sessions,
			'practitioner', (SELECT name FROM practitioner WHERE id = k.practitioner), 'state', k.state,
			'completed', utc_time(k.completed_us), 'added', utc_time(k.added_us)))
		FROM course k
		LEFT JOIN personal t ON t.entry = k.blueprint_entry AND t.field = 'blueprint'
		WHERE k.client = c.id) AS courses,
	(SELECT json_group_array(json_object('id', s.id, 'kind', s.kind, 'course', s.course, 'ordinal', s.ordinal, 'state', s.state, 'start', utc_time(s.start_us),
			'end', utc_time(s.end_us), 'practitioner', (SELECT name FROM practitioner WHERE id = s.practitioner),
			'runs', (SELECT count(*) FROM run WHERE session = s.id), 'cycles', (SELECT coalesce(sum(cycles), 0) FROM run WHERE session = s.id),
			'on_time_s', (SELECT coalesce(sum(on_time_us), 0) / 1e6 FROM run WHERE session = s.id),
			'place', (SELECT name FROM place WHERE id = s.place), 'complications', s.complications,
			'complications_text', (SELECT value FROM personal WHERE entry = s.complications_entry AND field = 'complications'),
			'note', (SELECT value FROM personal WHERE entry = s.note_entry AND field = 'note'), 'depth_um', s.depth_um,
			'signed', utc_time(s.signed_us), 'signed_by', (SELECT name FROM practitioner WHERE id = s.signed_by), 'amended', s.amended,
			'pauses', json((SELECT json_group_array(json_object('start', utc_time(z.from_us), 'end', utc_time(z.to_us)))
				FROM pause z INDEXED BY pause_session WHERE z.session = s.id AND z.void IS NULL)),
			'segments', json((SELECT json_group_array(json_object('zone', g.zone, 'start', utc_time(g.from_us), 'end', utc_time(g.to_us),
					'note', (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note')))
				FROM segment g INDEXED BY segment_session WHERE g.session = s.id AND g.void IS NULL)),
			'steps', json((SELECT json_group_array(json_object('kind', e.kind, 'at', utc_time(e.at_us),
					'note', (SELECT value FROM personal WHERE entry = e.note_entry AND field = 'note')))
				FROM step e INDEXED BY step_session WHERE e.session = s.id AND e.void IS NULL)),
			'pens', json((SELECT json_group_array(json_object('pen', (SELECT serial FROM pen WHERE id = h.pen), 'start', utc_time(h.from_us),
					'end', utc_time(h.to_us)))
				FROM assignment h INDEXED BY assignment_session WHERE h.session = s.id AND h.void IS NULL)),
			'uses', json((SELECT json_group_array(json_object('product', (SELECT name FROM product WHERE id = u.product),
					'lot', (SELECT number FROM lot WHERE id = u.lot), 'serial', u.serial, 'needle', u.needle, 'quantity', u.quantity,
					'at', utc_time(u.at_us), 'until', utc_time(u.until_us), 'source', u.source))
				FROM item_use u INDEXED BY item_use_session WHERE u.session = s.id AND u.void IS NULL)),
			'hygiene', json((SELECT json_group_array(json_object('kind', y.kind, 'pen', (SELECT serial FROM pen WHERE id = y.pen), 'at', utc_time(y.at_us)))
				FROM hygiene y INDEXED BY hygiene_session WHERE y.session = s.id AND y.void IS NULL)),
			'motor_runs', json((SELECT json_group_array(json_object('id', r.id, 'pen', (SELECT serial FROM pen WHERE id = r.pen), 'start', utc_time(r.start_us),
					'end', utc_time(r.end_us), 'quality', CASE r.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END,
					'cycles', r.cycles, 'lost_cycles', r.lost_cycles, 'on_time_s', r.on_time_us / 1e6,
					'freq_mean_hz', round(r.freq_sum_chz / 100.0 / nullif(r.freq_count, 0), 3),
					'depth_mean_um', round(r.depth_sum_um * 1.0 / nullif(r.depth_count, 0), 1),
					'depth_source', CASE r.depth_source WHEN 1 THEN 'sensor' WHEN 2 THEN 'setting' ELSE 'none' END))
				FROM run r INDEXED BY run_session WHERE r.session = s.id))))
		FROM session s INDEXED BY session_client
		WHERE s.client = c.id AND s.state <> 'void') AS sessions,
	(SELECT json_group_array(json_object('id', n.id, 'course', n.course, 'session', n.session, 'form', n.form, 'form_version', n.form_version,
			'risks', json(iif(n.risks, 'true', 'false')), 'at', utc_time(n.at_us), 'withdrawn', utc_time(n.withdrawn_us),
			'practitioner', (SELECT name FROM practitioner WHERE id = n.practitioner), 'note', t.value))
		FROM consent n INDEXED BY consent_client
		LEFT JOIN personal t ON t.entry = n.note_entry AND t.field = 'note'
		WHERE n.client = c.id AND n.kind = 'consent' AND n.void IS NULL) AS consents,
	(SELECT json_group_array(json_object('id', n.id, 'session', n.session, 'form', n.form, 'form_version', n.form_version, 'at', utc_time(n.at_us),
			'practitioner', (SELECT name FROM practitioner WHERE id = n.practitioner), 'note', t.value))
		FROM consent n INDEXED BY consent_client
		LEFT JOIN personal t ON t.entry = n.note_entry AND t.field = 'note'
		WHERE n.client = c.id AND n.kind = 'aftercare' AND n.void IS NULL) AS aftercare,
	(SELECT json_group_array(json_object('id', p.id, 'product', (SELECT name FROM product WHERE id = p.product),
			'lot', (SELECT number FROM lot WHERE id = p.lot), 'at', utc_time(p.at_us), 'read', utc_time(p.read_us), 'result', p.result,
			'practitioner', (SELECT name FROM practitioner WHERE id = p.practitioner), 'note', t.value))
		FROM patch_test p INDEXED BY patch_test_client
		LEFT JOIN personal t ON t.entry = p.note_entry AND t.field = 'note'
		WHERE p.client = c.id AND p.void IS NULL) AS patch_tests,
	(SELECT json_group_array(json_object('id', x.id, 'session', x.session, 'kind', x.kind, 'cause', x.cause, 'severity', x.severity,
			'at', utc_time(x.at_us), 'note', t.value, 'reported', utc_time(x.reported_us), 'reported_to', o.value,
			'followed_up', utc_time(x.followed_up_us), 'follow_up', f.value, 'closed', utc_time(x.closed_us)))
		FROM reaction x INDEXED BY reaction_client
		LEFT JOIN personal t ON t.entry = x.note_entry AND t.field = 'note'
		LEFT JOIN personal o ON o.entry = x.reported_to_entry AND o.field = 'reported_to'
		LEFT JOIN personal f ON f.entry = x.follow_up_entry AND f.field = 'follow_up'
		WHERE x.client = c.id AND x.void IS NULL) AS reactions,
	(SELECT json_group_array(json_object('entry', e.seq, 'at', utc_time(e.at_us), 'actor', e.actor, 'action', e.action, 'payload', json(e.payload),
			'personal', json((SELECT json_group_object(v.field, v.value) FROM personal v WHERE v.entry = e.seq))))
		FROM entry e
		WHERE e.seq IN (SELECT h.entry FROM about h WHERE h.noun = 'client' AND h.id = c.id
			UNION ALL SELECT h.entry FROM session s JOIN about h ON h.noun = 'session' AND h.id = s.id WHERE s.client = c.id)) AS entries,
	c.entry AS version
FROM client c
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	LEFT JOIN personal b ON b.entry = c.birth_date_entry AND b.field = 'birth_date'
	LEFT JOIN personal a ON a.entry = c.contact_entry AND a.field = 'contact'
	LEFT JOIN personal t ON t.entry = c.note_entry AND t.field = 'note'
WHERE c.id = :client
