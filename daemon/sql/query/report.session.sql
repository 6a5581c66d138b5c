-- SPDX-License-Identifier: MIT
-- doc: One session as inspectors ask for it, whole and of one moment: who, when, where, what was done with what, depth, consent, hygiene,
-- doc: complications, machine time, what is missing, amendments, and where it stands in the chain.
-- role: operator
-- shape: object
-- param: session ref:session required -- Its number; or its client: the open session, or the only one; or 1001/2.
-- column: format text -- stipple.report.session/1.
-- column: id int -- Number of the session.
-- column: kind text -- consultation, foundation, build, refine or touch-up.
-- column: ordinal int -- Which of the course's sessions it is, from 1; null for a consultation.
-- column: state text -- open, closed, signed or void.
-- column: start time -- When the client sat down.
-- column: end time -- When the client got up; null while it is open.
-- column: day int -- Day of its start in the clinic's zone, yyyymmdd.
-- column: late bool -- Whether it was entered afterwards.
-- column: started_by text -- person, or button: of a pen.
-- column: ended_by text -- person, button, or idle: nobody closed it.
-- column: signed time -- When it was signed.
-- column: signed_by text -- Name of the practitioner who signed.
-- column: amended int -- Changes after it was signed.
-- column: void json -- When, by whom and why it was taken back as a mistake: {entry, at, actor, reason}; null when it stands.
-- column: note text -- Free text.
-- column: depth_um int -- Needle protrusion as the practitioner states it, micrometres.
-- column: complications text -- none or noted; null while nobody has said.
-- column: complications_text text -- What was noted.
-- column: client json -- {id, number, name, birth_date, age, age_checked, age_checked_by, hold, erased}: age in whole years on the session's day. Null while nobody has said who sat there.
-- column: practitioner json -- {id, name, licence, licence_until, qualification}; licence_until: of the licence that held on the day. Null while nobody has said who worked.
-- column: place json -- {id, name, kind}; null when not recorded.
-- column: course json -- {id, ordinal, goal, technique, zones, blueprint, pigment_match, planned_sessions, state}; null for none.
-- column: conditions json -- Of the client, as they are now: [{kind, code, zone, since, until},...].
-- column: pens json -- [{pen, manufacturer, model, firmware, from, to},...].
-- column: segments json -- Zones worked on: [{zone, from, to, note, runs, cycles, on_time_s, depth_mean_um, depth_min_um, depth_max_um},...], each with the runs that began in it.
-- column: steps json -- [{kind, at, note},...].
-- column: pauses json -- [{from, to},...].
-- column: uses json -- What was consumed, and cartridges that pens reported: [{category, product, brand, colour, needle, lot, expiry, expired, status, serial, quantity, pen, at, until, source},...]; expired: its last good day was before the session's.
-- column: consents json -- Those that hold for it: [{form, form_version, risks, at, withdrawn, practitioner, note},...].
-- column: aftercare json -- [{form, form_version, at, practitioner, note},...].
-- column: patch_tests json -- Of the client, up to its end: [{product, lot, at, read, result},...].
-- column: reactions json -- Adverse events of it: [{kind, cause, severity, at, note, reported, reported_to, followed_up, follow_up, closed},...].
-- column: hygiene json -- Of it, and on its pens since their session before: [{kind, pen, place, at, practitioner, product, lot, concentration, result, note, of},...]; of: session, or pen.
-- column: chair_s real:3 -- Chair time, seconds; null while it is open.
-- column: pause_s real:3 -- Pauses, seconds, one that lasts left out.
-- column: runs json -- Its motor runs, in order: [{run, pen, start, end, on_time_s, cycles, lost_cycles, freq_count, freq_mean_hz, freq_sd_hz, freq_min_hz, freq_max_hz, depth_count, depth_mean_um, depth_sd_um, depth_min_um, depth_max_um, depth_source, depth_uncertainty_um, depth_set_um, state, completeness, quality, by_hand, entry},...].
-- column: freq_hist json -- Cycles by frequency: [[hertz, cycles],...], a bin per hertz.
-- column: depth_hist json -- Cycles by protrusion: [[micrometres, cycles],...], a bin per 25; where a pen has no sensor, at the depth that it was set to.
-- column: missing json -- What is missing before it can be signed: [{what, says, hint},...], says: in a sentence; hint: with the verb that mends it.
-- column: amendments json -- What was changed after it was signed: [{entry, at, actor, on_behalf_of, action, reason, changes},...].
-- column: entries json -- The entries about it: [{entry, at, actor, action, hash},...]; those of its runs are with them.
-- column: head json -- The end of the chain at that moment, as it is signed: {seq, hash, at, at_us, host, key, public_key, signature}, as checkpoint.get has it.
-- column: version int -- Entry that last changed the record.

SELECT 'stipple.report.session/1' AS format, s.id, s.kind, s.ordinal, s.state, s.start_us, s.end_us, s.day, s.late, s.started_by, s.ended_by,
	s.signed_us, (SELECT name FROM practitioner WHERE id = s.signed_by) AS signed_by, s.amended,
	(SELECT json_object('entry', e.seq, 'at', utc_time(e.at_us), 'actor', e.actor,
			'reason', (SELECT value FROM personal WHERE entry = e.seq AND field = 'reason'))
		FROM about a JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'session' AND a.id = s.id AND s.state = 'void' AND e.action = 'session.void') AS void,
	(SELECT value FROM personal WHERE entry = s.note_entry AND field = 'note') AS note,
	s.depth_um, s.complications,
	(SELECT value FROM personal WHERE entry = s.complications_entry AND field = 'complications') AS complications_text,
	(SELECT json_object('id', c.id, 'number', n.value, 'name', m.value, 'birth_date', b.value,
			'age', s.day / 10000 - CAST(substr(b.value, 1, 4) AS INTEGER)
				- (s.day % 10000 < CAST(substr(b.value, 6, 2) || substr(b.value, 9, 2) AS INTEGER)),
			'age_checked', utc_time(c.age_checked_us), 'age_checked_by', (SELECT name FROM practitioner WHERE id = c.age_checked_by),
			'hold', utc_time(c.hold_us), 'erased', utc_time(c.erased_us))
		FROM client c
		LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
		LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
		LEFT JOIN personal b ON b.entry = c.birth_date_entry AND b.field = 'birth_date'
		WHERE c.id = s.client) AS client,
	(SELECT json_object('id', d.id, 'name', d.name, 'licence', d.licence, 'licence_until',
			(SELECT day_text(x.until_day) FROM licence x WHERE x.practitioner = d.id AND x.from_day <= s.day ORDER BY x.from_day DESC LIMIT 1),
			'qualification', d.qualification)
		FROM practitioner d WHERE d.id = s.practitioner) AS practitioner,
	(SELECT json_object('id', l.id, 'name', l.name, 'kind', l.kind) FROM place l WHERE l.id = s.place) AS place,
	(SELECT json_object('id', k.id, 'ordinal', k.ordinal, 'goal', k.goal, 'technique', k.technique, 'zones', json(k.zones),
			'blueprint', (SELECT value FROM personal WHERE entry = k.blueprint_entry AND field = 'blueprint'),
			'pigment_match', k.pigment_match, 'planned_sessions', k.planned_sessions, 'state', k.state)
		FROM course k WHERE k.id = s.course) AS course,
	(SELECT json_group_array(json_object('kind', d.kind, 'code', (SELECT value FROM personal WHERE entry = d.code_entry AND field = 'code'),
			'zone', d.zone, 'since', d.since, 'until', d.until))
		FROM condition d INDEXED BY condition_client WHERE d.client = s.client AND d.void IS NULL) AS conditions,
	(SELECT json_group_array(json_object('pen', p.serial, 'manufacturer', p.manufacturer, 'model', p.model, 'firmware', p.firmware,
			'from', utc_time(a.from_us), 'to', utc_time(a.to_us)))
		FROM assignment a INDEXED BY assignment_session JOIN pen p ON p.id = a.pen WHERE a.session = s.id AND a.void IS NULL) AS pens,
	(SELECT json_group_array((SELECT json_object('zone', g.zone, 'from', utc_time(g.from_us), 'to', utc_time(g.to_us),
			'note', (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note'),
			'runs', count(r.id), 'cycles', coalesce(sum(r.cycles), 0),
			'on_time_s', coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) / 1e6,
			'depth_mean_um', round(sum(r.depth_sum_um) * 1.0 / nullif(sum(r.depth_count), 0), 1),
			'depth_min_um', min(iif(r.depth_count > 0, r.depth_min_um, NULL)),
			'depth_max_um', max(iif(r.depth_count > 0, r.depth_max_um, NULL)))
			FROM run r INDEXED BY run_session WHERE r.session = g.session AND r.start_us >= g.from_us
				AND r.start_us < coalesce(g.to_us, 9000000000000000000)))
		FROM segment g INDEXED BY segment_session WHERE g.session = s.id AND g.void IS NULL) AS segments,
	(SELECT json_group_array(json_object('kind', t.kind, 'at', utc_time(t.at_us),
			'note', (SELECT value FROM personal WHERE entry = t.note_entry AND field = 'note')))
		FROM step t INDEXED BY step_session WHERE t.session = s.id AND t.void IS NULL) AS steps,
	(SELECT json_group_array(json_object('from', utc_time(z.from_us), 'to', utc_time(z.to_us)))
		FROM pause z INDEXED BY pause_session WHERE z.session = s.id AND z.void IS NULL) AS pauses,
	(SELECT json_group_array(json_object('category', q.category, 'product', q.name, 'brand', q.brand, 'colour', q.colour,
			'needle', coalesce(u.needle, q.needle), 'lot', k.number, 'expiry', k.expiry,
			'expired', json(CASE WHEN k.expiry_day IS NULL THEN 'null' WHEN k.expiry_day < s.day THEN 'true' ELSE 'false' END),
			'status', k.status, 'serial', u.serial, 'quantity', u.quantity, 'pen', (SELECT serial FROM pen WHERE id = u.pen),
			'at', utc_time(u.at_us), 'until', utc_time(u.until_us), 'source', u.source))
		FROM item_use u INDEXED BY item_use_session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.session = s.id AND u.void IS NULL) AS uses,
	(SELECT json_group_array(json_object('form', o.form, 'form_version', o.form_version, 'risks', json(iif(o.risks, 'true', 'false')),
			'at', utc_time(o.at_us), 'withdrawn', utc_time(o.withdrawn_us),
			'practitioner', (SELECT name FROM practitioner WHERE id = o.practitioner),
			'note', (SELECT value FROM personal WHERE entry = o.note_entry AND field = 'note')))
		FROM consent o INDEXED BY consent_client
		WHERE o.client = s.client AND o.kind = 'consent' AND o.void IS NULL AND (o.withdrawn_us IS NULL OR o.withdrawn_us > s.start_us)
			AND (o.session = s.id OR (o.session IS NULL AND (o.course IS NULL OR o.course = s.course)))) AS consents,
	(SELECT json_group_array(json_object('form', o.form, 'form_version', o.form_version, 'at', utc_time(o.at_us),
			'practitioner', (SELECT name FROM practitioner WHERE id = o.practitioner),
			'note', (SELECT value FROM personal WHERE entry = o.note_entry AND field = 'note')))
		FROM consent o INDEXED BY consent_client
		WHERE o.client = s.client AND o.kind = 'aftercare' AND o.void IS NULL
			AND (o.session = s.id OR (o.session IS NULL AND o.at_us BETWEEN s.start_us AND coalesce(s.end_us, o.at_us) + 86400000000))) AS aftercare,
	(SELECT json_group_array(json_object('product', (SELECT name FROM product WHERE id = t.product),
			'lot', (SELECT number FROM lot WHERE id = t.lot), 'at', utc_time(t.at_us), 'read', utc_time(t.read_us), 'result', t.result))
		FROM patch_test t INDEXED BY patch_test_client
		WHERE t.client = s.client AND t.void IS NULL AND t.at_us <= coalesce(s.end_us, t.at_us)) AS patch_tests,
	(SELECT json_group_array(json_object('kind', x.kind, 'cause', x.cause, 'severity', x.severity, 'at', utc_time(x.at_us),
			'note', (SELECT value FROM personal WHERE entry = x.note_entry AND field = 'note'), 'reported', utc_time(x.reported_us),
			'reported_to', (SELECT value FROM personal WHERE entry = x.reported_to_entry AND field = 'reported_to'),
			'followed_up', utc_time(x.followed_up_us),
			'follow_up', (SELECT value FROM personal WHERE entry = x.follow_up_entry AND field = 'follow_up'), 'closed', utc_time(x.closed_us)))
		FROM reaction x INDEXED BY reaction_session WHERE x.session = s.id AND x.void IS NULL) AS reactions,
	(SELECT json_group_array(json_object('kind', few.kind, 'pen', (SELECT serial FROM pen WHERE id = few.pen),
			'place', (SELECT name FROM place WHERE id = few.place), 'at', utc_time(few.at_us),
			'practitioner', (SELECT name FROM practitioner WHERE id = few.practitioner),
			'product', (SELECT name FROM product WHERE id = few.product), 'lot', (SELECT number FROM lot WHERE id = few.lot),
			'concentration', few.concentration, 'result', few.result,
			'note', (SELECT value FROM personal WHERE entry = few.note_entry AND field = 'note'), 'of', few.belongs))
		FROM (SELECT h.kind AS kind, h.pen AS pen, h.place AS place, h.at_us AS at_us, h.practitioner AS practitioner, h.product AS product,
				h.lot AS lot, h.concentration AS concentration, h.result AS result, h.note_entry AS note_entry, 'session' AS belongs
			FROM hygiene h INDEXED BY hygiene_session WHERE h.session = s.id AND h.void IS NULL
			UNION ALL
			SELECT h.kind, h.pen, h.place, h.at_us, h.practitioner, h.product, h.lot, h.concentration, h.result, h.note_entry, 'pen'
			FROM assignment a INDEXED BY assignment_session CROSS JOIN hygiene h INDEXED BY hygiene_pen ON h.pen = a.pen
			WHERE a.session = s.id AND a.void IS NULL AND h.void IS NULL AND h.session IS NULL
				AND NOT EXISTS (SELECT 1 FROM assignment d INDEXED BY assignment_session
					WHERE d.session = s.id AND d.pen = a.pen AND d.void IS NULL AND d.from_us < a.from_us)
				AND h.at_us <= coalesce(a.to_us, s.end_us, h.at_us)
				AND h.at_us >= coalesce((SELECT coalesce(b.to_us, t.end_us) FROM assignment b INDEXED BY assignment_pen JOIN session t ON t.id = b.session
					WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND b.session <> s.id
					ORDER BY b.from_us DESC LIMIT 1), 0)
			LIMIT 1000) few) AS hygiene,
	(s.end_us - s.start_us) / 1e6 AS chair_s,
	(SELECT coalesce(sum(to_us - from_us), 0) / 1e6 FROM pause INDEXED BY pause_session WHERE session = s.id AND void IS NULL) AS pause_s,
	(SELECT json_group_array(json_object('run', r.id, 'pen', p.serial, 'start', utc_time(r.start_us),
			'end', iif(r.state = 0, NULL, utc_time(r.end_us)),
			'on_time_s', coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us) / 1e6, 'cycles', r.cycles, 'lost_cycles', r.lost_cycles,
			'freq_count', coalesce(r.freq_count, 0), 'freq_mean_hz', round(r.freq_sum_chz / 100.0 / nullif(r.freq_count, 0), 3),
			'freq_sd_hz', round(sqrt(max(0.0, (r.freq_sq * 1.0 - r.freq_sum_chz * 1.0 * r.freq_sum_chz / nullif(r.freq_count, 0))
				/ nullif(r.freq_count, 0))) / 100.0, 3),
			'freq_min_hz', nullif(r.freq_min_chz, 0) / 100.0, 'freq_max_hz', nullif(r.freq_max_chz, 0) / 100.0,
			'depth_count', coalesce(r.depth_count, 0), 'depth_mean_um', round(r.depth_sum_um * 1.0 / nullif(r.depth_count, 0), 1),
			'depth_sd_um', round(sqrt(max(0.0, (r.depth_sq * 1.0 - r.depth_sum_um * 1.0 * r.depth_sum_um / nullif(r.depth_count, 0))
				/ nullif(r.depth_count, 0))), 1),
			'depth_min_um', iif(r.depth_count > 0, r.depth_min_um, NULL), 'depth_max_um', iif(r.depth_count > 0, r.depth_max_um, NULL),
			'depth_source', CASE r.depth_source WHEN 1 THEN 'sensor' WHEN 2 THEN 'setting' ELSE 'none' END,
			'depth_uncertainty_um', r.depth_uncertainty_um, 'depth_set_um', r.depth_set_um,
			'state', CASE r.state WHEN 0 THEN 'open' WHEN 1 THEN 'ended' ELSE 'cut' END,
			'completeness', CASE WHEN r.flags & 32 THEN 'unlogged' WHEN r.state = 0 THEN 'open'
				WHEN r.state = 1 AND r.lost_cycles = 0 AND r.flags & 7 = 0 THEN 'complete' ELSE 'incomplete' END,
			'quality', CASE r.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END,
			'by_hand', json(iif(r.attribution = 2, 'true', 'false')), 'entry', r.entry))
		FROM run r INDEXED BY run_session JOIN pen p ON p.id = r.pen WHERE r.session = s.id) AS runs,
	(SELECT hist_json(hist_sum(r.hist, NULL, 0), 'freq') FROM run r INDEXED BY run_session WHERE r.session = s.id) AS freq_hist,
	(SELECT hist_json(hist_sum(r.hist, iif(r.depth_count > 0, NULL, r.depth_set_um), r.cycles), 'depth')
		FROM run r INDEXED BY run_session WHERE r.session = s.id) AS depth_hist,
	(SELECT json_group_array(json_object('what', few.what, 'says', substr(few.hint, 1, instr(few.hint || ': ', ': ') - 1) || '.', 'hint', few.hint))
		FROM session_gaps few WHERE few.session = :session AND s.state <> 'void') AS missing,
	(SELECT json_group_array(json_object('entry', e.seq, 'at', utc_time(e.at_us), 'actor', e.actor,
			'on_behalf_of', (SELECT name FROM practitioner WHERE id = e.payload ->> 'on_behalf_of'), 'action', e.action,
			'reason', (SELECT value FROM personal WHERE entry = e.seq AND field = 'reason'),
			'changes', json(history_fields(e.seq, e.action, e.payload))))
		FROM about a JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'session' AND a.id = s.id AND e.payload ->> 'amend' IS NOT NULL) AS amendments,
	(SELECT json_group_array(json_object('entry', e.seq, 'at', utc_time(e.at_us), 'actor', e.actor, 'action', e.action, 'hash', lower(hex(e.hash))))
		FROM about a JOIN entry e ON e.seq = a.entry WHERE a.noun = 'session' AND a.id = s.id) AS entries,
	(SELECT json_object('seq', h.seq, 'hash', lower(hex(h.hash)), 'at', utc_time(h.at_us), 'at_us', h.at_us,
			'host', (SELECT value FROM setting WHERE name = 'host_id'), 'key', h.key_id,
			'public_key', (SELECT value FROM setting WHERE name = 'key'), 'signature', lower(hex(h.signature)))
		FROM head h WHERE h.id = 1) AS head,
	s.entry AS version
FROM session s
WHERE s.id = :session
