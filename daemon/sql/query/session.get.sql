-- SPDX-License-Identifier: MIT
-- doc: One session, whole: times, pens, zones, steps, pauses, what was consumed, consents, its machine time, and what is missing.
-- role: operator
-- shape: object
-- param: session ref:session required -- Its number; or its client: the open session, or the only one; or 1001/2.
-- column: id int -- Number of the session.
-- column: client int -- Number of the client; null while nobody has said who sits there.
-- column: client_number text -- Record number of the client.
-- column: client_name text -- Name of the client; null when not recorded, or erased.
-- column: course int -- Number of the course; null for none.
-- column: ordinal int -- Which of the course's sessions it is, from 1; null for a consultation.
-- column: kind text -- consultation, foundation, build, refine or touch-up.
-- column: practitioner int -- Number of the practitioner.
-- column: practitioner_name text -- Name of the practitioner.
-- column: place int -- Number of the place.
-- column: place_name text -- Name of the place.
-- column: start time -- When the client sat down.
-- column: end time -- When the client got up; null while it is open.
-- column: day int -- Day of its start in the clinic's zone, yyyymmdd.
-- column: state text -- open, closed, signed or void.
-- column: started_by text -- person, or button: of a pen.
-- column: ended_by text -- person, button, or idle: nobody closed it.
-- column: late bool -- Whether it was entered afterwards.
-- column: depth_um int -- Needle protrusion as the practitioner states it, micrometres.
-- column: complications text -- none or noted; null while nobody has said.
-- column: complications_text text -- What was noted.
-- column: note text -- Free text.
-- column: signed time -- When it was signed.
-- column: signed_by int -- Number of the practitioner who signed.
-- column: signed_by_name text -- The name.
-- column: amended int -- Changes after it was signed.
-- column: pause_s real:3 -- Pauses, seconds, one that lasts left out.
-- column: runs int -- Motor runs, one that is still going included.
-- column: open_run int -- The run that is still going; null for none.
-- column: cycles int -- Their needle cycles.
-- column: lost_cycles int -- Needle cycles known to be missing.
-- column: on_time_s real:3 -- Their motor-on time, seconds.
-- column: first_run time -- When the first began.
-- column: quality text -- Of their times, the least: synced (measured by this host), rtc (by a pen's clock) or estimated.
-- column: by_hand int -- How many of them somebody linked by hand.
-- column: freq_mean_hz real:3 -- Mean frequency, pauses left out.
-- column: freq_sd_hz real:3 -- Standard deviation of the frequency.
-- column: freq_min_hz real:2 -- Lowest frequency of a cycle.
-- column: freq_max_hz real:2 -- Highest frequency of a cycle.
-- column: depth_mean_um real:1 -- Mean needle protrusion, micrometres.
-- column: depth_sd_um real:1 -- Standard deviation of the protrusion.
-- column: depth_min_um int -- Least protrusion.
-- column: depth_max_um int -- Greatest protrusion.
-- column: depth_uncertainty_um int -- Of one depth value, the largest of its pens; null when not stated.
-- column: pens json -- Its pens: [{assignment, pen, from, to, runs, cycles, on_time_s},...].
-- column: segments json -- Zones worked on: [{segment, zone, from, to, note},...].
-- column: steps json -- Steps: [{step, kind, at, note},...].
-- column: pauses json -- Pauses: [{pause, from, to},...].
-- column: uses json -- What was consumed, and cartridges that pens reported: [{use, category, product, lot, expiry, status, serial, needle, quantity, pen, at, until, source, runs},...]; runs: of a pen's report, how many it ran with that cartridge.
-- column: consents json -- Consents and aftercare that name the session: [{consent, kind, form, at},...].
-- column: hygiene json -- Hygiene of the session: [{hygiene, kind, pen, at},...].
-- column: candidates json -- Runs of its pens that are nobody's and may be its: [{run, pen, start, cycles, on_time_s, quality},...].
-- column: missing json -- What is missing before it can be signed: [{what, hint},...].
-- column: version int -- Entry that last changed the record.

SELECT s.id, s.client, n.value AS client_number, m.value AS client_name, s.course, s.ordinal, s.kind, s.practitioner, d.name AS practitioner_name,
	s.place, l.name AS place_name, s.start_us, s.end_us, s.day, s.state, s.started_by, s.ended_by, s.late, s.depth_um, s.complications,
	(SELECT value FROM personal WHERE entry = s.complications_entry AND field = 'complications') AS complications_text,
	(SELECT value FROM personal WHERE entry = s.note_entry AND field = 'note') AS note,
	s.signed_us, s.signed_by, (SELECT name FROM practitioner WHERE id = s.signed_by) AS signed_by_name, s.amended,
	(SELECT coalesce(sum(to_us - from_us), 0) / 1e6 FROM pause WHERE session = s.id AND void IS NULL) AS pause_s,
	count(r.id) AS runs, max(iif(r.state = 0, r.id, NULL)) AS open_run, coalesce(sum(r.cycles), 0) AS cycles,
	coalesce(sum(r.lost_cycles), 0) AS lost_cycles, coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) / 1e6 AS on_time_s,
	min(r.start_us) AS first_run, CASE min(r.quality) WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' WHEN 0 THEN 'estimated' END AS quality,
	coalesce(sum(r.attribution = 2), 0) AS by_hand,
	sum(r.freq_sum_chz) / 100.0 / nullif(sum(r.freq_count), 0) AS freq_mean_hz,
	sqrt(max(0.0, (sum(r.freq_sq) * 1.0 - sum(r.freq_sum_chz) * 1.0 * sum(r.freq_sum_chz) / nullif(sum(r.freq_count), 0))
		/ nullif(sum(r.freq_count), 0))) / 100.0 AS freq_sd_hz,
	min(nullif(r.freq_min_chz, 0)) / 100.0 AS freq_min_hz, max(nullif(r.freq_max_chz, 0)) / 100.0 AS freq_max_hz,
	sum(r.depth_sum_um) * 1.0 / nullif(sum(r.depth_count), 0) AS depth_mean_um,
	sqrt(max(0.0, (sum(r.depth_sq) * 1.0 - sum(r.depth_sum_um) * 1.0 * sum(r.depth_sum_um) / nullif(sum(r.depth_count), 0))
		/ nullif(sum(r.depth_count), 0))) AS depth_sd_um,
	min(iif(r.depth_count > 0, r.depth_min_um, NULL)) AS depth_min_um, max(iif(r.depth_count > 0, r.depth_max_um, NULL)) AS depth_max_um,
	max(r.depth_uncertainty_um) AS depth_uncertainty_um,
	(SELECT json_group_array(json_object('assignment', a.id, 'pen', p.serial, 'from', utc_time(a.from_us), 'to', utc_time(a.to_us),
			'runs', (SELECT count(*) FROM run x INDEXED BY run_session WHERE x.session = s.id AND x.pen = a.pen AND x.start_us >= a.from_us - 1 AND (a.to_us IS NULL OR x.start_us < a.to_us)),
			'cycles', (SELECT coalesce(sum(x.cycles), 0) FROM run x INDEXED BY run_session WHERE x.session = s.id AND x.pen = a.pen AND x.start_us >= a.from_us - 1 AND (a.to_us IS NULL OR x.start_us < a.to_us)),
			'on_time_s', (SELECT coalesce(sum(coalesce(x.on_time_us, x.tick_end_us - x.tick_start_us)), 0) / 1e6 FROM run x INDEXED BY run_session WHERE x.session = s.id AND x.pen = a.pen AND x.start_us >= a.from_us - 1 AND (a.to_us IS NULL OR x.start_us < a.to_us))))
		FROM assignment a JOIN pen p ON p.id = a.pen WHERE a.session = s.id AND a.void IS NULL) AS pens,
	(SELECT json_group_array(json_object('segment', g.id, 'zone', g.zone, 'from', utc_time(g.from_us), 'to', utc_time(g.to_us),
			'note', (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note')))
		FROM segment g WHERE g.session = s.id AND g.void IS NULL) AS segments,
	(SELECT json_group_array(json_object('step', t.id, 'kind', t.kind, 'at', utc_time(t.at_us),
			'note', (SELECT value FROM personal WHERE entry = t.note_entry AND field = 'note')))
		FROM step t WHERE t.session = s.id AND t.void IS NULL) AS steps,
	(SELECT json_group_array(json_object('pause', z.id, 'from', utc_time(z.from_us), 'to', utc_time(z.to_us)))
		FROM pause z WHERE z.session = s.id AND z.void IS NULL) AS pauses,
	(SELECT json_group_array(json_object('use', u.id, 'category', q.category, 'product', q.name, 'lot', k.number, 'expiry', k.expiry,
			'status', k.status, 'serial', u.serial, 'needle', coalesce(u.needle, q.needle), 'quantity', u.quantity,
			'pen', (SELECT serial FROM pen WHERE id = u.pen), 'at', utc_time(u.at_us), 'until', utc_time(u.until_us), 'source', u.source,
			'runs', iif(u.source = 'pen', (SELECT count(*) FROM run x INDEXED BY run_session WHERE x.session = s.id AND x.pen = u.pen AND x.start_us >= u.at_us
				AND (u.until_us IS NULL OR x.start_us < u.until_us)), NULL)))
		FROM item_use u LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.session = s.id AND u.void IS NULL) AS uses,
	(SELECT json_group_array(json_object('consent', o.id, 'kind', o.kind, 'form', o.form, 'at', utc_time(o.at_us)))
		FROM consent o WHERE o.session = s.id AND o.void IS NULL) AS consents,
	(SELECT json_group_array(json_object('hygiene', h.id, 'kind', h.kind, 'pen', (SELECT serial FROM pen WHERE id = h.pen), 'at', utc_time(h.at_us)))
		FROM hygiene h WHERE h.session = s.id AND h.void IS NULL) AS hygiene,
	(SELECT json_group_array(json_object('run', x.id, 'pen', p.serial, 'start', utc_time(x.start_us), 'cycles', x.cycles,
			'on_time_s', coalesce(x.on_time_us, x.tick_end_us - x.tick_start_us) / 1e6,
			'quality', CASE x.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END))
		FROM assignment a JOIN pen p ON p.id = a.pen JOIN run x INDEXED BY run_pen_start ON x.pen = a.pen
		WHERE a.session = s.id AND a.void IS NULL AND x.start_us >= a.from_us - 86400000000 AND x.start_us < coalesce(a.to_us, 9000000000000000000) + 86400000000
			AND x.session IS NULL AND x.attribution <> 3 AND x.latest_us > a.from_us AND (a.to_us IS NULL OR x.earliest_us < a.to_us)) AS candidates,
	(SELECT json_group_array(json_object('what', few.what, 'hint', few.hint)) FROM session_gaps few WHERE few.session = :session) AS missing,
	s.entry AS version
FROM session s
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	LEFT JOIN practitioner d ON d.id = s.practitioner
	LEFT JOIN place l ON l.id = s.place
	LEFT JOIN run r ON r.session = s.id
WHERE s.id = :session
GROUP BY s.id
