-- doc: Motor runs, newest first.
-- role: viewer
-- shape: page
-- param: pen text max=32 -- Only those of the pen with this serial number.
-- param: since time -- Only those that started at this time or later.
-- param: until time -- Only those that started before this time.
-- param: state text values=open|ended|cut -- Only those that are open, that ended, or whose end was cut off.
-- param: session ref:session -- Only those of this session: its number; or its client, when there is only one.
-- param: client ref:client -- Only those in sessions of this client: record number, or name.
-- param: practitioner ref:practitioner -- Only those in sessions of this practitioner.
-- param: attribution text values=unattributed|linked|dismissed -- Only those that belong to nobody, to a session, or that were dismissed.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
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
-- column: session int -- Number of the session that it belongs to; null for none.
-- column: client int -- Number of the session's client in this database; null for none.
-- column: attribution text -- Why: time (by its time), hand (somebody said so), none (nobody's), dismissed.
-- column: dismissed text -- What a dismissed run was: test, training, service or other.

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
	r.session, (SELECT s.client FROM session s WHERE s.id = r.session) AS client,
	CASE WHEN r.attribution = 3 THEN 'dismissed' WHEN r.session IS NULL THEN 'none' WHEN r.attribution = 1 THEN 'time' ELSE 'hand' END AS attribution,
	r.dismissed,
	r.start_us || '.' || r.id AS cursor
FROM run r
	INDEXED BY run_unfinished                                                          -- if state=open
	INDEXED BY run_unfinished                                                          -- if state=cut
JOIN pen p ON p.id = r.pen
WHERE true
	AND r.pen = (SELECT id FROM pen WHERE serial = :pen)                               -- if pen
	AND r.start_us >= :since                                                           -- if since
	AND r.start_us < :until                                                            -- if until
	AND r.state <> 1 AND r.state = 0                                                   -- if state=open
	AND r.state = 1                                                                    -- if state=ended
	AND r.state <> 1 AND r.state = 2                                                   -- if state=cut
	AND r.session = :session                                                           -- if session
	AND r.session IN (SELECT s.id FROM session s WHERE s.client = :client)             -- if client
	AND (SELECT s.practitioner FROM session s WHERE s.id = r.session) = :practitioner  -- if practitioner
	AND r.session IS NULL AND r.attribution <> 3                                       -- if attribution=unattributed
	AND r.session IS NOT NULL                                                          -- if attribution=linked
	AND r.attribution = 3                                                              -- if attribution=dismissed
	AND (r.start_us, r.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))    -- if after
ORDER BY r.start_us DESC, r.id DESC
LIMIT :limit
