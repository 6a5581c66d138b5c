-- doc: One motor run with its histograms and measurements.
-- role: viewer
-- shape: object
-- param: run int required min=1 -- Number of the run in this database.
-- column: id int -- Number of the run in this database.
-- column: pen text -- Serial number of the pen.
-- column: run int -- The pen's own number of the run.
-- column: boot int -- Power-ups of the pen before it.
-- column: state text -- open (still running, or not read to its end), ended, or cut (its end is missing).
-- column: start time -- Motor on, best estimate.
-- column: end time -- Motor off, best estimate; null while open.
-- column: earliest time -- It cannot have begun before this.
-- column: latest time -- It cannot have ended after this.
-- column: quality text -- Of the times: synced (measured by this host), rtc (by the pen's clock) or estimated.
-- column: day int -- Day of its start in the clinic's zone, yyyymmdd.
-- column: cycles int -- Needle cycles held.
-- column: lost_cycles int -- Needle cycles known to be missing.
-- column: on_time_s real:3 -- Motor-on time in seconds; null while open.
-- column: freq_mean_hz real:3 -- Mean frequency, pauses left out.
-- column: freq_sd_hz real:3 -- Standard deviation of the frequency.
-- column: depth_mean_um real:1 -- Mean needle protrusion in micrometres.
-- column: depth_sd_um real:1 -- Standard deviation of the protrusion.
-- column: depth_min_um int -- Least protrusion.
-- column: depth_max_um int -- Greatest protrusion.
-- column: complete bool -- Whether every cycle is here and the pen's own totals agree.
-- column: completeness text -- complete, incomplete, open, or unlogged: the pen keeps no log, the run is derived from what was heard of it.
-- column: log_id text -- The pen's log that it was read from, 16 hexadecimal digits.
-- column: first_seq int -- Its first record in that log.
-- column: last_seq int -- Its last record in that log.
-- column: tick_start_us int -- Motor on, microseconds since the pen's power-up.
-- column: tick_end_us int -- Motor off, or its newest record while open, microseconds since the pen's power-up.
-- column: end_reason text -- off, stall, battery or fault; another is a number; null while open, when cut, or when the pen does not say.
-- column: voltage_mv int -- Motor voltage as set, millivolts; null when not stated.
-- column: depth_set_um int -- Depth as set on the pen, micrometres; null when not stated.
-- column: freq_min_hz real:2 -- Lowest frequency of a cycle.
-- column: freq_max_hz real:2 -- Highest frequency of a cycle.
-- column: depth_source text -- Where depth values come from: sensor, setting or none.
-- column: depth_uncertainty_um int -- Of one depth value; null when not stated.
-- column: freq_hist json -- Cycles by frequency: [[hertz, cycles],...], a bin per hertz; 255 is 255 and more.
-- column: depth_hist json -- Cycles by protrusion: [[micrometres, cycles],...], a bin per 25; 3175 is 3175 and more.
-- column: measurements json -- Of other sensors: [{quantity, unit, count, min, max, mean, sd},...]; voltage mV, current mA, stroke um, vibration mg, temperature 0.01 Cel.
-- column: gaps json -- What was lost: [[first cycle, how many],...].
-- column: digest text -- BLAKE2b-256 of its decoded cycles, as in the chain; null while open.
-- column: entry int -- The entry that holds it in the chain; null while open.
-- column: session int -- Number of the session that it belongs to; null for none.
-- column: client int -- Number of the session's client in this database; null for none.
-- column: attribution text -- Why: time (by its time), hand (somebody said so), none (nobody's), dismissed.
-- column: dismissed text -- What a dismissed run was: test, training, service or other.
-- column: attribution_entry int -- The entry that this follows from; null when it never belonged to anybody.
-- column: candidates json -- Of a run that is nobody's, the sessions that held the pen when it may have been: [{session, kind, state, client, start, end},...].

SELECT r.id, p.serial, r.number, r.boot,
	CASE r.state WHEN 0 THEN 'open' WHEN 1 THEN 'ended' ELSE 'cut' END AS state,
	r.start_us, iif(r.state = 0, NULL, r.end_us) AS end_us, r.earliest_us, r.latest_us,
	CASE r.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality,
	r.local_day, r.cycles, r.lost_cycles, r.on_time_us / 1e6 AS on_time_s,
	r.freq_sum_chz / 100.0 / nullif(r.freq_count, 0) AS freq_mean_hz,
	sqrt(max(0.0, (r.freq_sq * 1.0 - r.freq_sum_chz * 1.0 * r.freq_sum_chz / nullif(r.freq_count, 0))
		/ nullif(r.freq_count, 0))) / 100.0 AS freq_sd_hz,
	r.depth_sum_um * 1.0 / nullif(r.depth_count, 0) AS depth_mean_um,
	sqrt(max(0.0, (r.depth_sq * 1.0 - r.depth_sum_um * 1.0 * r.depth_sum_um / nullif(r.depth_count, 0))
		/ nullif(r.depth_count, 0))) AS depth_sd_um,
	iif(r.depth_count > 0, r.depth_min_um, NULL) AS depth_min_um,
	iif(r.depth_count > 0, r.depth_max_um, NULL) AS depth_max_um,
	r.state = 1 AND r.lost_cycles = 0 AND r.flags & 39 = 0 AS complete,
	CASE WHEN r.flags & 32 THEN 'unlogged' WHEN r.state = 0 THEN 'open'
		WHEN r.state = 1 AND r.lost_cycles = 0 AND r.flags & 7 = 0 THEN 'complete' ELSE 'incomplete' END AS completeness,
	l.log_id, r.first_seq, r.last_seq, r.tick_start_us, r.tick_end_us,
	CASE r.end_reason WHEN 0 THEN 'off' WHEN 1 THEN 'stall' WHEN 2 THEN 'battery' WHEN 3 THEN 'fault'
		WHEN 255 THEN NULL ELSE r.end_reason END AS end_reason,
	r.voltage_mv, r.depth_set_um,
	nullif(r.freq_min_chz, 0) / 100.0 AS freq_min_hz, nullif(r.freq_max_chz, 0) / 100.0 AS freq_max_hz,
	CASE r.depth_source WHEN 1 THEN 'sensor' WHEN 2 THEN 'setting' ELSE 'none' END AS depth_source,
	r.depth_uncertainty_um,
	hist_json(r.hist, 'freq') AS freq_hist, hist_json(r.hist, 'depth') AS depth_hist,
	(SELECT json_group_array(json_object('quantity', CASE m.quantity WHEN 1 THEN 'voltage' WHEN 2 THEN 'current' WHEN 3 THEN 'stroke'
			WHEN 4 THEN 'vibration' WHEN 5 THEN 'temperature' ELSE CAST(m.quantity AS TEXT) END,
		'unit', CASE m.quantity WHEN 1 THEN 'mV' WHEN 2 THEN 'mA' WHEN 3 THEN 'um' WHEN 4 THEN 'mg' WHEN 5 THEN '0.01 Cel' END,
		'count', m.count, 'min', m.min, 'max', m.max, 'mean', round(m.sum * 1.0 / m.count, 3),
		'sd', round(sqrt(max(0.0, (m.square_sum * 1.0 - m.sum * 1.0 * m.sum / m.count) / m.count)), 3)))
		FROM measurement m WHERE m.run = r.id) AS measurements,
	coalesce(r.gaps, '[]') AS gaps,
	e.payload ->> 'digest' AS digest, r.entry,
	r.session, (SELECT s.client FROM session s WHERE s.id = r.session) AS client,
	CASE WHEN r.attribution = 3 THEN 'dismissed' WHEN r.session IS NULL THEN 'none' WHEN r.attribution = 1 THEN 'time' ELSE 'hand' END AS attribution,
	r.dismissed, r.attribution_entry,
	(SELECT json_group_array(json_object('session', s.id, 'kind', s.kind, 'state', s.state, 'client', s.client, 'start', utc_time(s.start_us),
			'end', utc_time(s.end_us)))
		FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
		WHERE r.session IS NULL AND r.attribution <> 3 AND a.pen = r.pen AND a.void IS NULL AND a.from_us < r.latest_us
			AND a.from_us >= coalesce((SELECT max(b.from_us) FROM assignment b WHERE b.pen = r.pen AND b.void IS NULL AND b.from_us <= r.earliest_us), 0)
			AND (a.to_us IS NULL OR a.to_us > r.earliest_us)) AS candidates
FROM run r JOIN pen p ON p.id = r.pen JOIN log l ON l.id = r.log LEFT JOIN entry e ON e.seq = r.entry
WHERE r.id = :run
