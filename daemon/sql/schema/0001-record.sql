-- The record, version 1.
--
-- Singular names are tables, plural names are the documented views for sql.query. Three kinds of table:
--   entries      entry, personal, head: what was written, chained by hashes and signed.
--   projections  setting, pen, log, epoch, run, measurement, event, loss, finding, mark: what follows from the entries. `stippled --verify`
--                builds them again from the entries alone and compares.
--   working      cursor, contact, boot, block, tail: where reading goes on, what is known of times, and the cycles themselves. The
--                cycles are in the chain by the digest that each run's entry holds.
-- No view uses a JSON function: SQLite 3.40 holds those for unsafe in a schema that is not trusted, as ours is not.
-- Times *_us are microseconds since 1970-01-01T00:00:00Z; ticks are microseconds since the pen's power-up.

CREATE TABLE entry (
	seq        INTEGER PRIMARY KEY,
	at_us      INTEGER NOT NULL,
	actor      TEXT NOT NULL,
	action     TEXT NOT NULL,
	request_id TEXT,
	payload    TEXT NOT NULL,
	hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX entry_request ON entry (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE personal (
	entry INTEGER NOT NULL REFERENCES entry (seq),
	field TEXT NOT NULL,
	salt  BLOB NOT NULL CHECK (length(salt) = 32),
	value TEXT NOT NULL,
	PRIMARY KEY (entry, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE head (
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	seq       INTEGER NOT NULL,
	hash      BLOB NOT NULL CHECK (length(hash) = 32),
	at_us     INTEGER NOT NULL,
	key_id    TEXT NOT NULL,
	signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	entry INTEGER NOT NULL REFERENCES entry (seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE pen (
	id                   INTEGER PRIMARY KEY,
	serial               TEXT NOT NULL UNIQUE,
	manufacturer         TEXT NOT NULL,
	model                TEXT NOT NULL,
	firmware             TEXT NOT NULL,
	depth_source         INTEGER NOT NULL,
	depth_uncertainty_um INTEGER,
	depth_resolution_um  INTEGER,
	stroke_um            INTEGER,
	capabilities         INTEGER NOT NULL,
	first_seen_us        INTEGER NOT NULL,
	counter_bits         INTEGER,
	counter_cycles       INTEGER,
	counter_on_us        INTEGER,
	counter_total        INTEGER,
	entry                INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

CREATE TABLE log (
	id     INTEGER PRIMARY KEY,
	pen    INTEGER NOT NULL REFERENCES pen (id),
	log_id TEXT NOT NULL CHECK (length(log_id) = 16),
	fork   INTEGER NOT NULL,
	kept   INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1)), -- 0: the pen keeps none, stippled numbered what it heard
	entry  INTEGER NOT NULL REFERENCES entry (seq),
	UNIQUE (pen, log_id, fork)
) STRICT;

-- Clock fits (daemon/base/clockfit.h). An estimated one has bounds for the moment of power-up instead of a measurement.
CREATE TABLE epoch (
	log          INTEGER NOT NULL REFERENCES log (id),
	boot         INTEGER NOT NULL,
	from_tick_us INTEGER NOT NULL,
	quality      INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 2),
	tick0_us     INTEGER NOT NULL,
	utc0_us      INTEGER NOT NULL,
	drift_ppb    INTEGER NOT NULL,
	err0_us      INTEGER NOT NULL,
	err_ppb      INTEGER NOT NULL,
	boot_min_us  INTEGER,
	boot_max_us  INTEGER,
	rtc_error_us INTEGER,
	entry        INTEGER NOT NULL REFERENCES entry (seq),
	PRIMARY KEY (log, boot, from_tick_us)
) STRICT, WITHOUT ROWID;

-- state: 0 open, 1 ended, 2 cut. flags: see enum run_flag in daemon/db/run.h. hist: summary_hist_encode().
-- attribution: 0 none, 1 by its time, 2 by hand, 3 dismissed; session NULL with 2: taken out of a session by hand, and nobody's. Of what
-- attribution_entry says (daemon/db/attribute.h). An open run's is provisional: it is decided when its entry is written.
CREATE TABLE run (
	id                   INTEGER PRIMARY KEY,
	pen                  INTEGER NOT NULL REFERENCES pen (id),
	log                  INTEGER NOT NULL REFERENCES log (id),
	number               INTEGER NOT NULL,
	boot                 INTEGER NOT NULL,
	state                INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
	flags                INTEGER NOT NULL,
	first_seq            INTEGER NOT NULL,
	last_seq             INTEGER NOT NULL,
	tick_start_us        INTEGER NOT NULL,
	tick_end_us          INTEGER NOT NULL,
	end_reason           INTEGER,
	voltage_mv           INTEGER,
	depth_set_um         INTEGER,
	depth_source         INTEGER NOT NULL,
	depth_uncertainty_um INTEGER,
	on_time_us           INTEGER,
	lost_cycles          INTEGER NOT NULL,
	gaps                 TEXT,
	after_us             INTEGER,
	before_us            INTEGER,
	start_us             INTEGER,
	end_us               INTEGER,
	earliest_us          INTEGER,
	latest_us            INTEGER,
	quality              INTEGER,
	local_day            INTEGER,
	cycles               INTEGER NOT NULL,
	period_count         INTEGER,
	period_sum_us        INTEGER,
	freq_count           INTEGER,
	freq_sum_chz         INTEGER,
	freq_sq              INTEGER,
	freq_min_chz         INTEGER,
	freq_max_chz         INTEGER,
	freq_outside         INTEGER,
	depth_count          INTEGER,
	depth_sum_um         INTEGER,
	depth_sq             INTEGER,
	depth_min_um         INTEGER,
	depth_max_um         INTEGER,
	entry                INTEGER REFERENCES entry (seq),
	block                INTEGER,
	blocks               INTEGER NOT NULL DEFAULT 0,
	hist                 BLOB,
	session              INTEGER,
	attribution          INTEGER NOT NULL DEFAULT 0 CHECK (attribution BETWEEN 0 AND 3),
	attribution_entry    INTEGER REFERENCES entry (seq),
	dismissed            TEXT CHECK (dismissed IN ('test', 'training', 'service', 'other')),
	CHECK ((state = 0) = (entry IS NULL)),
	CHECK (session IS NULL OR attribution IN (1, 2)),
	CHECK ((attribution = 3) = (dismissed IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX run_log ON run (log, boot, first_seq);
CREATE UNIQUE INDEX run_open ON run (log) WHERE state = 0;
CREATE INDEX run_start ON run (start_us);
CREATE INDEX run_pen_start ON run (pen, start_us);
CREATE INDEX run_unfinished ON run (state, start_us) WHERE state <> 1; -- the few that are open or cut
CREATE INDEX run_session ON run (session, start_us) WHERE session IS NOT NULL;
CREATE INDEX run_unattributed ON run (start_us) WHERE session IS NULL AND attribution <> 3;
CREATE INDEX run_dismissed ON run (start_us) WHERE attribution = 3;
CREATE INDEX run_wide ON run (pen, latest_us) WHERE latest_us - earliest_us > 3600000000; -- those that run_pen_start may place far off

-- What other sensors showed during a run, by quantity (enum pw_quantity of proto/pw_rec.h, in its unit). Those of a run that is open are
-- as of the last commit.
CREATE TABLE measurement (
	run        INTEGER NOT NULL REFERENCES run (id),
	quantity   INTEGER NOT NULL,
	count      INTEGER NOT NULL CHECK (count > 0),
	min        INTEGER NOT NULL,
	max        INTEGER NOT NULL CHECK (max >= min),
	sum        INTEGER NOT NULL,
	square_sum INTEGER NOT NULL,
	PRIMARY KEY (run, quantity)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
	id          INTEGER PRIMARY KEY REFERENCES entry (seq),
	pen         INTEGER NOT NULL REFERENCES pen (id),
	log         INTEGER NOT NULL REFERENCES log (id),
	seq         INTEGER NOT NULL,
	boot        INTEGER NOT NULL,
	tick_us     INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	data        TEXT NOT NULL,
	at_us       INTEGER,
	earliest_us INTEGER,
	latest_us   INTEGER,
	quality     INTEGER
) STRICT;
CREATE UNIQUE INDEX event_log ON event (log, boot, seq);
CREATE INDEX event_at ON event (at_us);
CREATE INDEX event_pen_at ON event (pen, at_us);
CREATE INDEX event_kind_at ON event (kind, at_us);
CREATE INDEX event_cartridge ON event (pen, id) WHERE kind IN ('cartridge.in', 'cartridge.out');

CREATE TABLE loss (
	id        INTEGER PRIMARY KEY REFERENCES entry (seq),
	pen       INTEGER NOT NULL REFERENCES pen (id),
	log       INTEGER NOT NULL REFERENCES log (id),
	first_seq INTEGER NOT NULL,
	next_seq  INTEGER NOT NULL CHECK (next_seq > first_seq),
	after_us  INTEGER,
	before_us INTEGER NOT NULL
) STRICT;
CREATE INDEX loss_pen ON loss (pen, id);

CREATE TABLE finding (
	id     INTEGER PRIMARY KEY REFERENCES entry (seq),
	pen    INTEGER REFERENCES pen (id),
	kind   TEXT NOT NULL,
	at_us  INTEGER NOT NULL,
	detail TEXT NOT NULL
) STRICT;
CREATE INDEX finding_pen ON finding (pen, id);

CREATE TABLE mark (
	id     INTEGER PRIMARY KEY REFERENCES entry (seq),
	pen    INTEGER NOT NULL REFERENCES pen (id),
	kind   TEXT NOT NULL,
	at_us  INTEGER NOT NULL,
	detail TEXT NOT NULL
) STRICT;
CREATE INDEX mark_pen ON mark (pen, id);

-- ---------------------------------------------------------------------------------------------- working tables

-- Where reading goes on; moves in the transaction that stores the data. crc: of record next_seq - 1, NULL when there is none.
CREATE TABLE cursor (
	log        INTEGER PRIMARY KEY REFERENCES log (id),
	next_seq   INTEGER NOT NULL,
	crc        INTEGER,
	boot       INTEGER,
	tick_us    INTEGER NOT NULL,
	run_number INTEGER,
	contact_us INTEGER NOT NULL
) STRICT;

-- The log ended before record seq from first_us to last_us: what bounds the time of records without a clock.
CREATE TABLE contact (
	log      INTEGER NOT NULL REFERENCES log (id),
	seq      INTEGER NOT NULL,
	first_us INTEGER NOT NULL,
	last_us  INTEGER NOT NULL,
	PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- What was seen of each boot; min_us and max_us bound the moment of its power-up.
CREATE TABLE boot (
	log        INTEGER NOT NULL REFERENCES log (id),
	boot       INTEGER NOT NULL,
	first_seq  INTEGER NOT NULL,
	last_tick_us INTEGER NOT NULL,
	min_us     INTEGER,
	max_us     INTEGER NOT NULL,
	rtc_tick_us  INTEGER,
	rtc_utc_us   INTEGER,
	rtc_accuracy_us INTEGER,
	PRIMARY KEY (log, boot)
) STRICT, WITHOUT ROWID;

-- The newest cycles of an open run, durable at once: whole blocks, and behind them what is not yet one. id = run << 27 | index of the
-- first cycle (a run has under 2^27). data: a block of proto/pw_cycles.h.
CREATE TABLE tail (
	id   INTEGER PRIMARY KEY,
	run  INTEGER NOT NULL GENERATED ALWAYS AS (id >> 27) VIRTUAL REFERENCES run (id),
	data BLOB NOT NULL
) STRICT;

-- The cycles of runs that have ended: rows run.block .. run.block + run.blocks - 1, in order. They are written when the run ends,
-- one behind the other, so that pages fill up and a row costs 14 bytes beside its data. first: index of the first cycle.
CREATE TABLE block (
	id    INTEGER PRIMARY KEY,
	first INTEGER NOT NULL,
	data  BLOB NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------- views

CREATE VIEW pens AS SELECT -- Pens that were ever connected.
	p.id AS id,                                       -- the pen's number in this database
	p.serial AS serial,                               -- serial number: the pen's identity everywhere
	p.manufacturer AS manufacturer,                   -- as the pen states it
	p.model AS model,                                 -- as the pen states it
	p.firmware AS firmware,                           -- as the pen stated it when it was last connected
	CASE p.depth_source WHEN 1 THEN 'sensor' WHEN 2 THEN 'setting' ELSE 'none' END AS depth_source, -- where depth values come from: sensor, setting or none
	p.depth_uncertainty_um AS depth_uncertainty_um,   -- of one depth value, micrometres; NULL not stated
	p.depth_resolution_um AS depth_resolution_um,     -- step of depth values, micrometres; NULL not stated
	p.stroke_um AS stroke_um,                         -- nominal stroke, micrometres; NULL not stated
	p.counter_total AS lifetime_cycles,               -- cycles by the pen's own counter, its wraps and resets undone; NULL none heard
	strftime('%Y-%m-%dT%H:%M:%S', p.first_seen_us / 1000000, 'unixepoch') || printf('.%06dZ', p.first_seen_us % 1000000) AS first_seen, -- first connection, RFC 3339
	p.first_seen_us AS first_seen_us,                 -- the same in microseconds since 1970
	(SELECT max(c.contact_us) FROM log l JOIN cursor c ON c.log = l.id WHERE l.pen = p.id) AS last_seen_us, -- last time it was heard, microseconds since 1970
	p.entry AS entry                                  -- the entry that last changed the pen
FROM pen p;

CREATE VIEW runs AS SELECT -- Motor runs: from motor on to motor off.
	r.id AS id,                                       -- the run's number in this database
	p.serial AS pen,                                  -- serial number of the pen
	r.number AS number,                               -- the pen's own number of the run
	l.log_id AS log_id,                               -- the pen's log that it was read from
	r.boot AS boot,                                   -- power-ups of the pen before it
	CASE r.state WHEN 0 THEN 'open' WHEN 1 THEN 'ended' ELSE 'cut' END AS state, -- open: still running or not read to its end; ended; cut: its end is missing
	strftime('%Y-%m-%dT%H:%M:%S', r.start_us / 1000000, 'unixepoch') || printf('.%06dZ', r.start_us % 1000000) AS start, -- motor on, best estimate, RFC 3339
	strftime('%Y-%m-%dT%H:%M:%S', r.end_us / 1000000, 'unixepoch') || printf('.%06dZ', r.end_us % 1000000) AS "end", -- motor off, RFC 3339; NULL while open
	r.start_us AS start_us,                           -- motor on, microseconds since 1970
	r.end_us AS end_us,                               -- motor off, microseconds since 1970; NULL while open
	r.earliest_us AS earliest_us,                     -- it cannot have begun before this
	r.latest_us AS latest_us,                         -- it cannot have ended after this
	CASE r.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality, -- of the times: synced (measured by this host), rtc (the pen's clock), estimated
	r.local_day AS local_day,                         -- day of its start in the clinic's zone, yyyymmdd
	r.on_time_us / 1000000.0 AS on_time_s,            -- motor-on time, seconds
	r.cycles AS cycles,                               -- needle cycles held
	r.lost_cycles AS lost_cycles,                     -- needle cycles known to be missing
	r.gaps AS gaps,                                   -- JSON [[index,count],...] of what is missing; NULL nothing
	(r.state = 1 AND r.lost_cycles = 0 AND r.flags & 39 = 0) AS complete, -- 1: every cycle is here and the pen's own totals agree
	CASE WHEN r.flags & 32 THEN 'unlogged' WHEN r.state = 0 THEN 'open' WHEN r.state = 1 AND r.lost_cycles = 0 AND r.flags & 7 = 0 THEN 'complete' ELSE 'incomplete' END AS completeness, -- complete; incomplete; open; unlogged: the pen keeps no log, cycles are derived from what was heard
	r.freq_sum_chz / 100.0 / nullif(r.freq_count, 0) AS freq_mean_hz, -- mean frequency, pauses left out
	sqrt(max(0.0, (r.freq_sq * 1.0 - r.freq_sum_chz * 1.0 * r.freq_sum_chz / nullif(r.freq_count, 0)) / nullif(r.freq_count, 0))) / 100.0 AS freq_sd_hz, -- its standard deviation
	nullif(r.freq_min_chz, 0) / 100.0 AS freq_min_hz, -- lowest frequency of a cycle
	nullif(r.freq_max_chz, 0) / 100.0 AS freq_max_hz, -- highest frequency of a cycle
	r.depth_sum_um * 1.0 / nullif(r.depth_count, 0) AS depth_mean_um, -- mean needle protrusion
	sqrt(max(0.0, (r.depth_sq * 1.0 - r.depth_sum_um * 1.0 * r.depth_sum_um / nullif(r.depth_count, 0)) / nullif(r.depth_count, 0))) AS depth_sd_um, -- its standard deviation
	iif(r.depth_count > 0, r.depth_min_um, NULL) AS depth_min_um, -- least needle protrusion
	iif(r.depth_count > 0, r.depth_max_um, NULL) AS depth_max_um, -- greatest needle protrusion
	CASE r.depth_source WHEN 1 THEN 'sensor' WHEN 2 THEN 'setting' ELSE 'none' END AS depth_source, -- where the depth comes from
	r.depth_uncertainty_um AS depth_uncertainty_um,   -- of one depth value; NULL not stated
	r.voltage_mv AS voltage_mv,                       -- motor voltage as set; NULL not stated
	r.session AS session,                             -- number of the session that it belongs to; NULL none
	CASE WHEN r.attribution = 3 THEN 'dismissed' WHEN r.session IS NULL THEN 'none' WHEN r.attribution = 1 THEN 'time' ELSE 'hand' END AS attribution, -- why: by its time or by hand; none: nobody's; dismissed: of no client
	r.dismissed AS dismissed,                         -- what it was instead: test, training, service or other; NULL not dismissed
	r.attribution_entry AS attribution_entry,         -- the entry that this follows from; NULL it was never in one
	r.entry AS entry                                  -- the entry that holds it in the chain; NULL while open
FROM run r JOIN pen p ON p.id = r.pen JOIN log l ON l.id = r.log;

CREATE VIEW measurements AS SELECT -- What other sensors showed during a run: a row for each quantity that the pen measured.
	m.run AS run,                                     -- the run's number in this database
	p.serial AS pen,                                  -- serial number of the pen
	CASE m.quantity WHEN 1 THEN 'voltage' WHEN 2 THEN 'current' WHEN 3 THEN 'stroke' WHEN 4 THEN 'vibration' WHEN 5 THEN 'temperature' ELSE CAST(m.quantity AS TEXT) END AS quantity, -- voltage, current, stroke, vibration (rms), temperature; another is a number
	CASE m.quantity WHEN 1 THEN 'mV' WHEN 2 THEN 'mA' WHEN 3 THEN 'um' WHEN 4 THEN 'mg' WHEN 5 THEN '0.01 Cel' END AS unit, -- of min, max, mean and sd; mg: thousandths of the earth's gravity; NULL not known
	m.count AS count,                                 -- how many values were measured
	m.min AS min,                                     -- the least
	m.max AS max,                                     -- the greatest
	m.sum * 1.0 / m.count AS mean,                    -- their mean
	sqrt(max(0.0, (m.square_sum * 1.0 - m.sum * 1.0 * m.sum / m.count) / m.count)) AS sd -- their standard deviation
FROM measurement m JOIN run r ON r.id = m.run JOIN pen p ON p.id = r.pen;

CREATE VIEW events AS SELECT -- What pens noted beside motor runs: boots, cartridges, counters, faults, buttons, clocks.
	e.id AS id,                                       -- the event's number: its entry
	p.serial AS pen,                                  -- serial number of the pen
	e.kind AS kind,                                   -- boot, cartridge.in, cartridge.out, counters, fault, button, clock, unknown, bad
	strftime('%Y-%m-%dT%H:%M:%S', e.at_us / 1000000, 'unixepoch') || printf('.%06dZ', e.at_us % 1000000) AS at, -- when it happened, best estimate, RFC 3339
	e.at_us AS at_us,                                 -- the same in microseconds since 1970
	e.earliest_us AS earliest_us,                     -- it cannot have happened before this
	e.latest_us AS latest_us,                         -- it cannot have happened after this
	CASE e.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality, -- of the time
	e.data AS data,                                   -- JSON: the content, by kind
	e.boot AS boot,                                   -- power-ups of the pen before it
	e.tick_us AS tick_us,                             -- microseconds since power-up
	e.seq AS seq                                      -- the record's number in the pen's log
FROM event e JOIN pen p ON p.id = e.pen;

CREATE VIEW losses AS SELECT -- Records that a pen's ring overwrote before they could be read.
	s.id AS id,                                       -- the loss's number: its entry
	p.serial AS pen,                                  -- serial number of the pen
	l.log_id AS log_id,                               -- the pen's log
	s.first_seq AS first_seq,                         -- first record lost
	s.next_seq - 1 AS last_seq,                       -- last record lost
	s.next_seq - s.first_seq AS records,              -- how many
	s.after_us AS after_us,                           -- they were made after this, microseconds since 1970; NULL unknown
	s.before_us AS before_us                          -- they were made before this
FROM loss s JOIN pen p ON p.id = s.pen JOIN log l ON l.id = s.log;

CREATE VIEW clocks AS SELECT -- How a pen's ticks are mapped to time, by boot.
	p.serial AS pen,                                  -- serial number of the pen
	l.log_id AS log_id,                               -- the pen's log
	c.boot AS boot,                                   -- power-ups of the pen before it
	c.from_tick_us AS from_tick_us,                   -- holds from this tick of the boot
	CASE c.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality, -- synced, rtc or estimated
	c.tick0_us AS tick0_us,                           -- at this tick ...
	c.utc0_us AS utc0_us,                             -- ... it was this time, microseconds since 1970
	c.err0_us AS error_us,                            -- give or take this
	c.drift_ppb / 1000.0 AS drift_ppm,                -- parts per million that the pen's clock is slow
	c.err_ppb / 1000.0 AS drift_error_ppm,            -- give or take this
	c.rtc_error_us AS rtc_error_us,                   -- the pen's real-time clock was wrong by this; NULL not measured
	c.entry AS entry                                  -- the entry that holds it in the chain
FROM epoch c JOIN log l ON l.id = c.log JOIN pen p ON p.id = l.pen;

CREATE VIEW findings AS SELECT -- What is wrong with a pen, its clock or its records.
	f.id AS id,                                       -- the finding's number: its entry
	p.serial AS pen,                                  -- serial number of the pen
	f.kind AS kind,                                   -- clock.jump, clock.backward, clock.rtc, log.diverged, run.totals, ...
	strftime('%Y-%m-%dT%H:%M:%S', f.at_us / 1000000, 'unixepoch') || printf('.%06dZ', f.at_us % 1000000) AS at, -- when it was found, RFC 3339
	f.at_us AS at_us,                                 -- the same in microseconds since 1970
	f.detail AS detail                                -- JSON: the particulars, by kind
FROM finding f LEFT JOIN pen p ON p.id = f.pen;

CREATE VIEW marks AS SELECT -- What somebody did to a pen through this daemon.
	m.id AS id,                                       -- the mark's number: its entry
	p.serial AS pen,                                  -- serial number of the pen
	m.kind AS kind,                                   -- identify
	n.actor AS actor,                                 -- who
	strftime('%Y-%m-%dT%H:%M:%S', m.at_us / 1000000, 'unixepoch') || printf('.%06dZ', m.at_us % 1000000) AS at, -- when, RFC 3339
	m.at_us AS at_us,                                 -- the same in microseconds since 1970
	n.request_id AS request_id,                       -- the client's own id of the request; NULL none
	m.detail AS detail                                -- JSON: the particulars
FROM mark m JOIN pen p ON p.id = m.pen JOIN entry n ON n.seq = m.id;

CREATE VIEW entries AS SELECT -- The chain: everything that was ever written, in order.
	e.seq AS seq,                                     -- place in the chain, from 1, without gaps
	strftime('%Y-%m-%dT%H:%M:%S', e.at_us / 1000000, 'unixepoch') || printf('.%06dZ', e.at_us % 1000000) AS at, -- when it was written, RFC 3339
	e.at_us AS at_us,                                 -- the same in microseconds since 1970
	e.actor AS actor,                                 -- who: daemon, pen:SERIAL, or a user
	e.action AS action,                               -- what: pen.add, run.add, event.add, ...
	e.request_id AS request_id,                       -- the client's own id of the request; NULL none
	e.payload AS payload,                             -- canonical JSON
	lower(hex(e.hash)) AS hash                        -- BLAKE2b-256 over the previous hash and this entry
FROM entry e;
