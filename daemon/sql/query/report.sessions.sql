-- SPDX-License-Identifier: MIT
-- doc: Sessions as inspectors ask for them, in short, the first first: who, when, with what, how deep, and what is missing.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: pen ref:pen -- Only those that held this pen.
-- param: practitioner ref:practitioner -- Only those of this practitioner.
-- param: since time -- Only those that began at this time or later.
-- param: until time -- Only those that began before this time.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: session int -- Number of the session.
-- column: kind text -- consultation, foundation, build, refine or touch-up.
-- column: ordinal int -- Which of the course's sessions it is, from 1; null for a consultation.
-- column: state text -- open, closed or signed.
-- column: start time -- When the client sat down.
-- column: end time -- When the client got up; null while it is open.
-- column: day int -- Day of its start in the clinic's zone, yyyymmdd.
-- column: client int -- Number of the client; null while nobody has said who sits there.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: practitioner text -- Name of the practitioner.
-- column: licence text -- Number of the licence.
-- column: licence_until text -- Last valid day of the licence that held on the day.
-- column: place text -- Name of the place.
-- column: zones json -- Zones worked on, one as often as it was begun: ["crown",...].
-- column: uses json -- Cartridges and pigments: [{category, product, brand, colour, lot, expiry, expired, status, serial, source},...].
-- column: pens json -- Its pens: [{pen, from, to, runs, cycles, on_time_s, depth_mean_um, depth_p99_um, depth_uncertainty_um},...], with what each did in all of the session.
-- column: runs int -- Motor runs that have ended.
-- column: cycles int -- Their needle cycles.
-- column: on_time_s real:3 -- Their motor-on time, seconds.
-- column: depth_mean_um real:1 -- Mean needle protrusion as pens reported it, micrometres.
-- column: depth_p99_um int -- In 99 of 100 cycles it was at most this.
-- column: depth_uncertainty_um int -- Of one depth value, the largest of its pens; null when not stated.
-- column: depth_um int -- Needle protrusion as the practitioner states it.
-- column: consent time -- When the consent that holds was signed.
-- column: risks bool -- Whether one that holds says that the risks were explained.
-- column: complications text -- none or noted; null while nobody has said.
-- column: reactions int -- Adverse events of it.
-- column: signed time -- When it was signed.
-- column: signed_by text -- Name of the practitioner who signed.
-- column: amended int -- Changes after it was signed.
-- column: missing json -- What is missing before it can be signed: ["consent",...].
-- column: version int -- Entry that last changed the record.

SELECT s.id AS session, s.kind, s.ordinal, s.state, s.start_us, s.end_us, s.day, s.client, n.value AS client_number, m.value AS client_name,
	d.name AS practitioner, d.licence, (SELECT day_text(x.until_day) FROM licence x WHERE x.practitioner = d.id AND x.from_day <= s.day
		ORDER BY x.from_day DESC LIMIT 1) AS licence_until, l.name AS place,
	(SELECT json_group_array(g.zone) FROM segment g INDEXED BY segment_session WHERE g.session = s.id AND g.void IS NULL) AS zones,
	(SELECT json_group_array(json_object('category', coalesce(q.category, 'cartridge'), 'product', q.name, 'brand', q.brand, 'colour', q.colour,
			'lot', k.number, 'expiry', k.expiry,
			'expired', json(CASE WHEN k.expiry_day IS NULL THEN 'null' WHEN k.expiry_day < s.day THEN 'true' ELSE 'false' END),
			'status', k.status, 'serial', u.serial, 'source', u.source))
		FROM item_use u INDEXED BY item_use_session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.session = s.id AND u.void IS NULL AND (q.category IS NULL OR q.category IN ('cartridge', 'pigment'))) AS uses,
	(SELECT json_group_array(json_object('pen', p.serial, 'from', utc_time(a.from_us), 'to', utc_time(a.to_us), 'runs', coalesce(t.runs, 0),
			'cycles', coalesce(t.cycles, 0), 'on_time_s', coalesce(t.on_time_us, 0) / 1e6,
			'depth_mean_um', round(t.depth_sum_um * 1.0 / nullif(t.depth_count, 0), 1), 'depth_p99_um', hist_percentile(t.hist, 'depth', 99),
			'depth_uncertainty_um', t.depth_uncertainty_um))
		FROM assignment a INDEXED BY assignment_session JOIN pen p ON p.id = a.pen LEFT JOIN session_total t ON t.session = a.session AND t.pen = a.pen
		WHERE a.session = s.id AND a.void IS NULL) AS pens,
	(SELECT coalesce(sum(t.runs), 0) FROM session_total t WHERE t.session = s.id) AS runs,
	(SELECT coalesce(sum(t.cycles), 0) FROM session_total t WHERE t.session = s.id) AS cycles,
	(SELECT coalesce(sum(t.on_time_us), 0) / 1e6 FROM session_total t WHERE t.session = s.id) AS on_time_s,
	(SELECT sum(t.depth_sum_um) * 1.0 / nullif(sum(t.depth_count), 0) FROM session_total t WHERE t.session = s.id) AS depth_mean_um,
	(SELECT iif(sum(t.depth_runs) > 0, hist_percentile(hist_sum(t.hist, NULL, 0), 'depth', 99), NULL) FROM session_total t WHERE t.session = s.id) AS depth_p99_um,
	(SELECT max(t.depth_uncertainty_um) FROM session_total t WHERE t.session = s.id) AS depth_uncertainty_um, s.depth_um,
	(SELECT min(o.at_us) FROM consent o INDEXED BY consent_client
		WHERE o.client = s.client AND o.kind = 'consent' AND o.void IS NULL AND (o.withdrawn_us IS NULL OR o.withdrawn_us > s.start_us)
			AND (o.session = s.id OR (o.session IS NULL AND (o.course IS NULL OR o.course = s.course)))) AS consent,
	(SELECT coalesce(max(o.risks), 0) FROM consent o INDEXED BY consent_client
		WHERE o.client = s.client AND o.kind = 'consent' AND o.void IS NULL AND (o.withdrawn_us IS NULL OR o.withdrawn_us > s.start_us)
			AND (o.session = s.id OR (o.session IS NULL AND (o.course IS NULL OR o.course = s.course)))) AS risks,
	s.complications, (SELECT count(*) FROM reaction x INDEXED BY reaction_session WHERE x.session = s.id AND x.void IS NULL) AS reactions,
	s.signed_us, (SELECT name FROM practitioner WHERE id = s.signed_by) AS signed_by, s.amended,
	(SELECT json_group_array(few.what) FROM (SELECT w.what AS what FROM session z CROSS JOIN session_gaps w ON w.session = z.id
		WHERE z.id = s.id LIMIT 100) few) AS missing,
	s.entry AS version, s.start_us || '.' || s.id AS cursor
FROM session s
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	LEFT JOIN practitioner d ON d.id = s.practitioner
	LEFT JOIN place l ON l.id = s.place
WHERE s.state <> 'void'
	AND s.client = :client                                                                          -- if client
	AND s.practitioner = :practitioner                                                              -- if practitioner
	AND EXISTS (SELECT 1 FROM assignment a INDEXED BY assignment_session                            -- if pen
		WHERE a.session = s.id AND a.pen = :pen AND a.void IS NULL)                             -- if pen
	AND s.start_us >= :since                                                                        -- if since
	AND s.start_us < :until                                                                         -- if until
	AND (s.start_us, s.id) > (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))                 -- if after
ORDER BY s.start_us, s.id
LIMIT :limit
