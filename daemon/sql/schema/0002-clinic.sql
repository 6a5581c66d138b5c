-- The clinic's record, version 2: clients, courses, sessions, consumables, hygiene, consent, and who did what to whom.
--
-- As in 0001, singular names are tables and plural names the documented views. All tables here are projections: they follow from the
-- entries alone, and `stippled --verify` builds them again. Column conventions:
--   id       the record's number, given by the change that made it and written in its entry
--   entry    the entry that last changed the record: its version
--   *_entry  the entry whose personal value of that name holds (personal.field is the name without _entry); NULL none. What identifies a
--            person and all free text live in `personal` only, so that erasing is deleting there, and the chain stays whole
--   void     the entry that took the record back as a mistake; NULL it stands
--   *_day    a day in the clinic's zone, yyyymmdd
-- Signed is signed: what belongs to a session whose state is 'signed' changes by amendment only (daemon/db/change.h).

-- ---------------------------------------------------------------------------------------------- people

CREATE TABLE client (
	id                INTEGER PRIMARY KEY,
	number_entry      INTEGER REFERENCES entry (seq), -- record number of the clinic
	name_entry        INTEGER REFERENCES entry (seq),
	birth_date_entry  INTEGER REFERENCES entry (seq), -- yyyy-mm-dd
	contact_entry     INTEGER REFERENCES entry (seq), -- how a recall reaches the client
	note_entry        INTEGER REFERENCES entry (seq),
	age_checked_us    INTEGER,                        -- an identity document was looked at
	age_checked_by    INTEGER REFERENCES practitioner (id),
	hold_us           INTEGER,                        -- under legal hold since
	erased_us         INTEGER,
	added_us          INTEGER NOT NULL,
	entry             INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX personal_number ON personal (value COLLATE NOCASE, entry) WHERE field = 'number';
CREATE UNIQUE INDEX client_number ON client (number_entry) WHERE number_entry IS NOT NULL;

-- What speaks for treatment or against it: kind 'condition' with its code and zone, 'allergy' or 'treatment' (concurrent: finasteride, ...).
CREATE TABLE condition (
	id         INTEGER PRIMARY KEY,
	client     INTEGER NOT NULL REFERENCES client (id),
	kind       TEXT NOT NULL CHECK (kind IN ('condition', 'allergy', 'treatment')),
	code_entry INTEGER REFERENCES entry (seq),        -- aga_male, ...; the substance of an allergy
	zone       TEXT CHECK (zone IN ('hairline', 'temples', 'crown', 'mid_scalp', 'sides', 'back', 'patches', 'scars',
	                                       'beard', 'moustache', 'sideburns', 'eyebrows')),
	since      TEXT,                                  -- yyyy-mm-dd, yyyy-mm or yyyy
	until      TEXT,
	note_entry INTEGER REFERENCES entry (seq),
	void       INTEGER REFERENCES entry (seq),
	entry      INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX condition_client ON condition (client);

CREATE TABLE practitioner (
	id             INTEGER PRIMARY KEY,
	name           TEXT NOT NULL,
	licence        TEXT,
	licence_until  TEXT,                              -- yyyy-mm-dd: last day it is valid
	qualification  TEXT,
	user_name      TEXT,                              -- who that is at the keyboard: actor of entries
	active         INTEGER NOT NULL DEFAULT 1,
	entry          INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- A chair, a room, a steriliser: where work is done, what is cleaned and tested.
CREATE TABLE place (
	id     INTEGER PRIMARY KEY,
	name   TEXT NOT NULL,
	kind   TEXT NOT NULL CHECK (kind IN ('chair', 'room', 'steriliser')),
	active INTEGER NOT NULL DEFAULT 1,
	entry  INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- ---------------------------------------------------------------------------------------------- courses and sessions

CREATE TABLE course (
	id               INTEGER PRIMARY KEY,
	client           INTEGER NOT NULL REFERENCES client (id),
	ordinal          INTEGER NOT NULL,                -- of the client's courses, from 1
	practitioner     INTEGER REFERENCES practitioner (id),
	goal             TEXT NOT NULL CHECK (goal IN ('buzz', 'density', 'scar_camouflage', 'hairline')),
	technique        TEXT,
	zones            TEXT,                            -- JSON array of zone codes
	blueprint_entry  INTEGER REFERENCES entry (seq),
	pigment_match    TEXT,
	planned_sessions INTEGER,
	spacing_min_days INTEGER,
	spacing_max_days INTEGER,
	topup_min_months INTEGER,
	topup_max_months INTEGER,
	state            TEXT NOT NULL CHECK (state IN ('planned', 'active', 'completed', 'abandoned')),
	completed_us     INTEGER,
	added_us         INTEGER NOT NULL,
	entry            INTEGER NOT NULL REFERENCES entry (seq),
	UNIQUE (client, ordinal)
) STRICT;
CREATE INDEX course_state ON course (state);

-- state 'open', 'closed', 'signed'; 'void': started by mistake, it was none. ended_by: person, idle (nobody closed it), button. client NULL: a pen's button began it and
-- nobody has said yet who sits there; it cannot be signed so.
CREATE TABLE session (
	id                  INTEGER PRIMARY KEY,
	client              INTEGER REFERENCES client (id),
	course              INTEGER REFERENCES course (id),
	ordinal             INTEGER,                      -- in its course, from 1; consultations have none
	kind                TEXT NOT NULL CHECK (kind IN ('consultation', 'foundation', 'build', 'refine', 'touch-up')),
	practitioner        INTEGER REFERENCES practitioner (id),
	place               INTEGER REFERENCES place (id),
	start_us            INTEGER NOT NULL,             -- chair time
	end_us              INTEGER,
	day                 INTEGER NOT NULL,             -- of its start
	state               TEXT NOT NULL CHECK (state IN ('open', 'closed', 'signed', 'void')),
	started_by          TEXT NOT NULL CHECK (started_by IN ('person', 'button')),
	ended_by            TEXT CHECK (ended_by IN ('person', 'idle', 'button')),
	late                INTEGER NOT NULL DEFAULT 0,   -- entered afterwards
	depth_um            INTEGER,                      -- needle protrusion as the practitioner states it; NULL: the pen's holds
	complications_entry INTEGER REFERENCES entry (seq),
	complications       TEXT CHECK (complications IN ('none', 'noted')), -- NULL: nobody has said
	note_entry          INTEGER REFERENCES entry (seq),
	signed_us           INTEGER,
	signed_by           INTEGER REFERENCES practitioner (id),
	amended             INTEGER NOT NULL DEFAULT 0,   -- changes after it was signed
	entry               INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX session_client ON session (client, start_us);
CREATE INDEX session_course ON session (course, start_us);
CREATE INDEX session_practitioner ON session (practitioner, start_us);
CREATE INDEX session_start ON session (start_us);
CREATE INDEX session_day ON session (day, start_us);
CREATE INDEX session_place ON session (place, start_us) WHERE place IS NOT NULL;
CREATE INDEX session_void ON session (start_us) WHERE state = 'void';
CREATE INDEX session_open ON session (start_us) WHERE state = 'open';
CREATE INDEX session_unsigned ON session (start_us) WHERE state = 'closed';

CREATE TABLE pause (
	id      INTEGER PRIMARY KEY,
	session INTEGER NOT NULL REFERENCES session (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER,
	void    INTEGER REFERENCES entry (seq),
	entry   INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX pause_session ON pause (session, from_us);

-- A zone worked on, from when to when.
CREATE TABLE segment (
	id         INTEGER PRIMARY KEY,
	session    INTEGER NOT NULL REFERENCES session (id),
	zone       TEXT NOT NULL CHECK (zone IN ('hairline', 'temples', 'crown', 'mid_scalp', 'sides', 'back', 'patches', 'scars',
	                                       'beard', 'moustache', 'sideburns', 'eyebrows')),
	from_us    INTEGER NOT NULL,
	to_us      INTEGER,
	note_entry INTEGER REFERENCES entry (seq),
	void       INTEGER REFERENCES entry (seq),
	entry      INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX segment_session ON segment (session, from_us);

CREATE TABLE step (
	id         INTEGER PRIMARY KEY,
	session    INTEGER NOT NULL REFERENCES session (id),
	kind       TEXT NOT NULL CHECK (kind IN ('colour_match', 'clean_shave', 'dermaroller', 'pigment', 'evening', 'sealant',
	                                         'aftercare')),
	at_us      INTEGER NOT NULL,
	note_entry INTEGER REFERENCES entry (seq),
	void       INTEGER REFERENCES entry (seq),
	entry      INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX step_session ON step (session, at_us);

-- Which pen a session holds, from when to when. No two that stand overlap on one pen. to_us NULL: until the session ends.
-- run: the motor run that was still going when the interval ended, and belongs to it to its end.
CREATE TABLE assignment (
	id      INTEGER PRIMARY KEY,
	session INTEGER NOT NULL REFERENCES session (id),
	pen     INTEGER NOT NULL REFERENCES pen (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER,
	run     INTEGER,
	void    INTEGER REFERENCES entry (seq),
	entry   INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX assignment_session ON assignment (session, from_us);
CREATE INDEX assignment_pen ON assignment (pen, from_us);

-- Pens and periods whose runs and cartridges must be looked at again: written by the statements of a change, emptied in the same
-- transaction (daemon/db/attribute.c). Empty between transactions.
CREATE TABLE relink (
	pen     INTEGER NOT NULL,
	from_us INTEGER NOT NULL,
	to_us   INTEGER,                                  -- NULL: from then on
	session INTEGER                                   -- the one that the change is about: its runs may move though it is signed
) STRICT;

-- What the clock would have changed in a signed session, and did not: told as findings by the writer (daemon/db/attribute.c), which
-- empties it. Empty between transactions.
CREATE TABLE moved (
	run     INTEGER NOT NULL,
	pen     INTEGER NOT NULL,
	session INTEGER NOT NULL,
	late    INTEGER NOT NULL                          -- 1: the run belongs into it by its time; 0: no longer
) STRICT;

CREATE VIEW unattributed_runs AS SELECT -- Motor runs that belong to no session and were not dismissed.
	r.id AS id,                                       -- the run's number in this database
	p.serial AS pen,                                  -- serial number of the pen
	CASE r.state WHEN 0 THEN 'open' WHEN 1 THEN 'ended' ELSE 'cut' END AS state, -- open: still running or not read to its end; ended; cut
	strftime('%Y-%m-%dT%H:%M:%S', r.start_us / 1000000, 'unixepoch') || printf('.%06dZ', r.start_us % 1000000) AS start, -- motor on, best estimate, RFC 3339
	r.start_us AS start_us,                           -- the same in microseconds since 1970
	r.earliest_us AS earliest_us,                     -- it cannot have begun before this
	r.latest_us AS latest_us,                         -- it cannot have ended after this
	CASE r.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality, -- of the times
	r.local_day AS local_day,                         -- day of its start in the clinic's zone, yyyymmdd
	r.on_time_us / 1000000.0 AS on_time_s,            -- motor-on time, seconds; NULL while open
	r.cycles AS cycles,                               -- needle cycles held
	(SELECT group_concat(c.session) FROM (SELECT a.session AS session, a.to_us AS to_us FROM assignment a
		WHERE a.pen = r.pen AND a.void IS NULL AND a.from_us < r.latest_us ORDER BY a.from_us DESC LIMIT 16) c
		WHERE c.to_us IS NULL OR c.to_us > r.earliest_us) AS candidates -- sessions that held the pen at a time it may have been, newest first, joined by commas; NULL none
FROM run r JOIN pen p ON p.id = r.pen
WHERE r.session IS NULL AND r.attribution <> 3;

-- ---------------------------------------------------------------------------------------------- consumables

CREATE TABLE product (
	id       INTEGER PRIMARY KEY,
	category TEXT NOT NULL CHECK (category IN ('cartridge', 'pigment', 'sealant', 'dermaroller', 'barrier', 'disinfectant', 'other')),
	name     TEXT NOT NULL,
	brand    TEXT,
	colour   TEXT,
	needle   TEXT,                                    -- 0603RL: diameter, count, form
	active   INTEGER NOT NULL DEFAULT 1,
	entry    INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- Codes on boxes: a GTIN (14 digits), or any other text. lot NULL: the code names the product only.
CREATE TABLE code (
	code    TEXT PRIMARY KEY,
	product INTEGER NOT NULL REFERENCES product (id),
	lot     INTEGER REFERENCES lot (id),
	entry   INTEGER NOT NULL REFERENCES entry (seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_product ON code (product);

CREATE TABLE lot (
	id         INTEGER PRIMARY KEY,
	product    INTEGER NOT NULL REFERENCES product (id),
	number     TEXT NOT NULL,                         -- batch, as printed
	expiry     TEXT,                                  -- yyyy-mm-dd or yyyy-mm, as printed
	expiry_day INTEGER,                               -- last day it is good: that day, or the last of that month
	status     TEXT NOT NULL CHECK (status IN ('ok', 'quarantined', 'recalled')),
	status_us  INTEGER,                               -- since when
	quantity   INTEGER,                               -- received; NULL not counted
	added_us   INTEGER NOT NULL,
	entry      INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE UNIQUE INDEX lot_product ON lot (product, number COLLATE NOCASE);
CREATE INDEX lot_number ON lot (number COLLATE NOCASE);
CREATE INDEX lot_expiry ON lot (expiry_day);

-- Something was consumed in a session, or a serialised cartridge was in a pen then. source 'person' (typed or scanned) or 'pen' (the pen
-- reported it: event is its record). session NULL: of a pen's report that lies in no session's interval.
CREATE TABLE item_use (
	id       INTEGER PRIMARY KEY,
	session  INTEGER REFERENCES session (id),
	segment  INTEGER REFERENCES segment (id),
	step     INTEGER REFERENCES step (id),
	pen      INTEGER REFERENCES pen (id),
	product  INTEGER REFERENCES product (id),
	lot      INTEGER REFERENCES lot (id),
	serial   TEXT,                                    -- of one cartridge
	needle   TEXT,                                    -- as the pen reports it
	quantity INTEGER NOT NULL DEFAULT 1,
	at_us    INTEGER NOT NULL,
	until_us INTEGER,                                 -- cartridge taken out
	source   TEXT NOT NULL CHECK (source IN ('person', 'pen')),
	event    INTEGER REFERENCES event (id),
	void     INTEGER REFERENCES entry (seq),
	entry    INTEGER NOT NULL REFERENCES entry (seq),
	CHECK (lot IS NOT NULL OR serial IS NOT NULL OR product IS NOT NULL OR source = 'pen')
) STRICT;
CREATE INDEX item_use_session ON item_use (session, at_us);
CREATE INDEX item_use_at ON item_use (at_us);
CREATE INDEX item_use_lot ON item_use (lot, at_us);
CREATE INDEX item_use_serial ON item_use (serial, at_us) WHERE serial IS NOT NULL;
CREATE INDEX item_use_pen ON item_use (pen, at_us);
CREATE UNIQUE INDEX item_use_event ON item_use (event, coalesce(session, 0)) WHERE event IS NOT NULL; -- one for each session it was in

-- ---------------------------------------------------------------------------------------------- hygiene, consent, reactions

CREATE TABLE hygiene (
	id            INTEGER PRIMARY KEY,
	kind          TEXT NOT NULL CHECK (kind IN ('disinfected', 'barrier', 'cleaned', 'sterilised', 'spore_test',
	                                            'prepared', 'discarded', 'serviced')),
	pen           INTEGER REFERENCES pen (id),
	place         INTEGER REFERENCES place (id),
	session       INTEGER REFERENCES session (id),    -- NULL: of none in particular
	at_us         INTEGER NOT NULL,
	practitioner  INTEGER REFERENCES practitioner (id),
	product       INTEGER REFERENCES product (id),
	lot           INTEGER REFERENCES lot (id),
	concentration TEXT,                               -- "70 %", "1:20"
	result        TEXT CHECK (result IN ('passed', 'failed')), -- of a spore test
	note_entry    INTEGER REFERENCES entry (seq),
	void          INTEGER REFERENCES entry (seq),
	entry         INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX hygiene_pen ON hygiene (pen, at_us);
CREATE INDEX hygiene_place ON hygiene (place, at_us);
CREATE INDEX hygiene_session ON hygiene (session, at_us);
CREATE INDEX hygiene_kind ON hygiene (kind, at_us);
CREATE INDEX hygiene_at ON hygiene (at_us);
CREATE INDEX hygiene_lot ON hygiene (lot);

-- kind 'consent' (signed; risks explained), 'aftercare' (form 'verbal' or 'written'). session NULL: of the whole course, or of the client.
CREATE TABLE consent (
	id           INTEGER PRIMARY KEY,
	kind         TEXT NOT NULL CHECK (kind IN ('consent', 'aftercare')),
	client       INTEGER NOT NULL REFERENCES client (id),
	course       INTEGER REFERENCES course (id),
	session      INTEGER REFERENCES session (id),
	form         TEXT NOT NULL CHECK (form IN ('verbal', 'written')),
	risks        INTEGER,                             -- 1: risks were explained
	form_version TEXT,                                -- of the form that was signed, of the leaflet
	at_us        INTEGER NOT NULL,
	practitioner INTEGER REFERENCES practitioner (id),
	note_entry   INTEGER REFERENCES entry (seq),
	withdrawn_us INTEGER,
	void         INTEGER REFERENCES entry (seq),
	entry        INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX consent_client ON consent (client, at_us);
CREATE INDEX consent_session ON consent (session, at_us);
CREATE INDEX consent_at ON consent (at_us);

CREATE TABLE patch_test (
	id           INTEGER PRIMARY KEY,
	client       INTEGER NOT NULL REFERENCES client (id),
	lot          INTEGER REFERENCES lot (id),
	product      INTEGER REFERENCES product (id),
	at_us        INTEGER NOT NULL,
	read_us      INTEGER,
	result       TEXT CHECK (result IN ('none', 'reaction')),
	practitioner INTEGER REFERENCES practitioner (id),
	note_entry   INTEGER REFERENCES entry (seq),
	void         INTEGER REFERENCES entry (seq),
	entry        INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX patch_test_client ON patch_test (client, at_us);
CREATE INDEX patch_test_at ON patch_test (at_us);

-- Adverse events.
CREATE TABLE reaction (
	id                INTEGER PRIMARY KEY,
	client            INTEGER NOT NULL REFERENCES client (id),
	session           INTEGER REFERENCES session (id),
	kind              TEXT NOT NULL CHECK (kind IN ('allergic', 'infection', 'migration', 'colour_shift', 'fading',
	                                                'blood_exposure', 'other')),
	cause             TEXT CHECK (cause IN ('ink', 'unsterile', 'aftercare', 'too_deep', 'too_shallow', 'unknown', 'other')),
	severity          TEXT NOT NULL CHECK (severity IN ('mild', 'moderate', 'severe')),
	at_us             INTEGER NOT NULL,               -- noticed
	note_entry        INTEGER REFERENCES entry (seq),
	reported_us       INTEGER,
	reported_to_entry INTEGER REFERENCES entry (seq),
	followed_up_us    INTEGER,                        -- last followed up
	follow_up_entry   INTEGER REFERENCES entry (seq),
	closed_us         INTEGER,
	void              INTEGER REFERENCES entry (seq),
	entry             INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX reaction_client ON reaction (client, at_us);
CREATE INDEX reaction_session ON reaction (session, at_us);
CREATE INDEX reaction_at ON reaction (at_us);
CREATE INDEX reaction_open ON reaction (at_us) WHERE closed_us IS NULL AND void IS NULL;

-- ---------------------------------------------------------------------------------------------- who and what an entry concerns

-- subject 1: the record that the entry changes; 0: one that it names. History, tracing, export and erasure follow it.
CREATE TABLE about (
	noun    TEXT NOT NULL,
	id      INTEGER NOT NULL,
	entry   INTEGER NOT NULL REFERENCES entry (seq),
	subject INTEGER NOT NULL,
	PRIMARY KEY (noun, id, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX about_entry ON about (entry);

-- Answers already given, for a script that asks again: not part of the chain. digest: of method and arguments, salted.
CREATE TABLE request (
	request_id TEXT PRIMARY KEY,
	entry      INTEGER NOT NULL REFERENCES entry (seq),
	salt       BLOB NOT NULL CHECK (length(salt) = 32),
	digest     BLOB NOT NULL CHECK (length(digest) = 32),
	answer     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_entry ON request (entry);

-- ---------------------------------------------------------------------------------------------- views

CREATE VIEW clients AS SELECT -- Clients of the clinic.
	c.id AS id,                                       -- the client's number in this database
	cn.value COLLATE NOCASE AS number,                -- record number of the clinic; NULL erased
	cm.value AS name,                                 -- name; NULL not recorded, or erased
	cb.value AS birth_date,                           -- yyyy-mm-dd; NULL not recorded, or erased
	cc.value AS contact,                              -- how a recall reaches the client
	ct.value AS note,                                 -- free text
	strftime('%Y-%m-%dT%H:%M:%S', c.age_checked_us / 1000000, 'unixepoch') || printf('.%06dZ', c.age_checked_us % 1000000) AS age_checked, -- when an identity document was looked at, RFC 3339
	c.age_checked_us AS age_checked_us,               -- the same in microseconds since 1970
	pr.name AS age_checked_by,                        -- name of the practitioner who looked
	strftime('%Y-%m-%dT%H:%M:%S', c.hold_us / 1000000, 'unixepoch') || printf('.%06dZ', c.hold_us % 1000000) AS hold, -- under legal hold since; NULL not, RFC 3339
	c.hold_us AS hold_us,                             -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', c.erased_us / 1000000, 'unixepoch') || printf('.%06dZ', c.erased_us % 1000000) AS erased, -- when what identifies the person was deleted; NULL not, RFC 3339
	c.erased_us AS erased_us,                         -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', c.added_us / 1000000, 'unixepoch') || printf('.%06dZ', c.added_us % 1000000) AS added, -- when the record was begun, RFC 3339
	c.added_us AS added_us,                           -- the same in microseconds since 1970
	c.entry AS entry                                  -- the entry that last changed it
FROM client c
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal cb ON cb.entry = c.birth_date_entry AND cb.field = 'birth_date'
	LEFT JOIN personal cc ON cc.entry = c.contact_entry AND cc.field = 'contact'
	LEFT JOIN personal ct ON ct.entry = c.note_entry AND ct.field = 'note'
	LEFT JOIN practitioner pr ON pr.id = c.age_checked_by;

CREATE VIEW conditions AS SELECT -- What speaks for treatment or against it: conditions, allergies, concurrent treatments.
	d.id AS id,                                       -- number of the condition
	d.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	d.kind AS kind,                                   -- condition, allergy, treatment
	dc.value AS code,                                 -- aga_male, ...; the substance of an allergy; the treatment
	d.zone AS zone,                                   -- where; NULL everywhere, or not said
	d.since AS since,                                 -- yyyy-mm-dd, yyyy-mm or yyyy
	d.until AS until,                                 -- the same; NULL it lasts
	dn.value AS note,                                 -- free text
	d.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	d.entry AS entry                                  -- the entry that last changed it
FROM condition d
	LEFT JOIN client c ON c.id = d.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal dc ON dc.entry = d.code_entry AND dc.field = 'code'
	LEFT JOIN personal dn ON dn.entry = d.note_entry AND dn.field = 'note';

CREATE VIEW practitioners AS SELECT -- Who works at the chairs.
	p.id AS id,                                       -- number of the practitioner
	p.name AS name,                                   -- name
	p.licence AS licence,                             -- licence number
	p.licence_until AS licence_until,                 -- last day of its validity, yyyy-mm-dd
	p.qualification AS qualification,                 -- as the clinic writes it
	p.user_name AS user_name,                         -- the user of this computer that this is: actor of entries
	p.active AS active,                               -- 0: works here no more
	p.entry AS entry                                  -- the entry that last changed it
FROM practitioner p;

CREATE VIEW places AS SELECT -- Chairs, rooms, sterilisers.
	p.id AS id,                                       -- number of the place
	p.name AS name,                                   -- name
	p.kind AS kind,                                   -- chair, room, steriliser
	p.active AS active,                               -- 0: no longer in use
	p.entry AS entry                                  -- the entry that last changed it
FROM place p;

CREATE VIEW courses AS SELECT -- Courses of sessions, as planned with a client.
	k.id AS id,                                       -- number of the course
	k.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	k.ordinal AS ordinal,                             -- of the client's courses, from 1
	k.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	k.goal AS goal,                                   -- buzz, density, scar_camouflage, hairline
	k.technique AS technique,                         -- as the clinic calls it
	k.zones AS zones,                                 -- JSON array of zones
	kb.value AS blueprint,                            -- what was drawn and agreed
	k.pigment_match AS pigment_match,                 -- shades agreed on
	k.planned_sessions AS planned_sessions,           -- how many sessions were planned
	(SELECT count(*) FROM session s WHERE s.course = k.id AND s.kind <> 'consultation' AND s.state <> 'void') AS sessions, -- how many there were, consultations left out
	k.spacing_min_days AS spacing_min_days,           -- least days between sessions
	k.spacing_max_days AS spacing_max_days,           -- most days between sessions
	k.topup_min_months AS topup_min_months,           -- a touch-up is due from so many months after completion
	k.topup_max_months AS topup_max_months,           -- ... and until so many
	k.state AS state,                                 -- planned, active, completed, abandoned
	strftime('%Y-%m-%dT%H:%M:%S', k.completed_us / 1000000, 'unixepoch') || printf('.%06dZ', k.completed_us % 1000000) AS completed, -- when it was completed, RFC 3339
	k.completed_us AS completed_us,                   -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', k.added_us / 1000000, 'unixepoch') || printf('.%06dZ', k.added_us % 1000000) AS added, -- when it was recorded, RFC 3339
	k.added_us AS added_us,                           -- the same in microseconds since 1970
	k.entry AS entry                                  -- the entry that last changed it
FROM course k
	LEFT JOIN client c ON c.id = k.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner pr ON pr.id = k.practitioner
	LEFT JOIN personal kb ON kb.entry = k.blueprint_entry AND kb.field = 'blueprint';

CREATE VIEW sessions AS SELECT -- Sessions: a client in a chair.
	s.id AS id,                                       -- number of the session
	s.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	s.course AS course,                               -- number of the course; NULL none
	s.ordinal AS ordinal,                             -- of its course, from 1; NULL a consultation
	s.kind AS kind,                                   -- consultation, foundation, build, refine, touch-up
	s.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	s.place AS place,                                 -- number of the place
	pl.name AS place_name,                            -- the place's name
	strftime('%Y-%m-%dT%H:%M:%S', s.start_us / 1000000, 'unixepoch') || printf('.%06dZ', s.start_us % 1000000) AS start, -- when the client sat down, RFC 3339
	s.start_us AS start_us,                           -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', s.end_us / 1000000, 'unixepoch') || printf('.%06dZ', s.end_us % 1000000) AS "end", -- when the client got up, RFC 3339; NULL while open
	s.end_us AS end_us,                               -- the same in microseconds since 1970
	s.day AS day,                                     -- day of its start in the clinic's zone, yyyymmdd
	s.state AS state,                                 -- open, closed, signed
	s.started_by AS started_by,                       -- person, button
	s.ended_by AS ended_by,                           -- person, button, idle (nobody closed it)
	s.late AS late,                                   -- 1: entered afterwards
	(s.end_us - s.start_us) / 60e6 AS chair_minutes,  -- chair time, pauses included; NULL while open
	(SELECT coalesce(sum(z.to_us - z.from_us), 0) / 60e6 FROM pause z WHERE z.session = s.id AND z.void IS NULL) AS pause_minutes, -- of it, pauses that ended
	(SELECT count(*) FROM run r WHERE r.session = s.id) AS runs, -- motor runs
	(SELECT coalesce(sum(r.cycles), 0) FROM run r WHERE r.session = s.id) AS cycles, -- needle cycles
	(SELECT coalesce(sum(r.on_time_us), 0) / 1e6 FROM run r WHERE r.session = s.id) AS on_time_s, -- motor-on time, seconds
	s.depth_um AS depth_um,                           -- needle protrusion as the practitioner stated it; NULL: what the pen says
	s.complications AS complications,                 -- none, noted; NULL nobody has said
	sc.value AS complications_text,                   -- what was noted
	sn.value AS note,                                 -- free text
	strftime('%Y-%m-%dT%H:%M:%S', s.signed_us / 1000000, 'unixepoch') || printf('.%06dZ', s.signed_us % 1000000) AS signed, -- when it was signed, RFC 3339
	s.signed_us AS signed_us,                         -- the same in microseconds since 1970
	s.signed_by AS signed_by,                         -- number of the practitioner who signed
	sg.name AS signed_by_name,                        -- the name
	s.amended AS amended,                             -- changes after it was signed
	s.entry AS entry                                  -- the entry that last changed it
FROM session s
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner pr ON pr.id = s.practitioner
	LEFT JOIN practitioner sg ON sg.id = s.signed_by
	LEFT JOIN place pl ON pl.id = s.place
	LEFT JOIN personal sc ON sc.entry = s.complications_entry AND sc.field = 'complications'
	LEFT JOIN personal sn ON sn.entry = s.note_entry AND sn.field = 'note';

CREATE VIEW pauses AS SELECT -- Pauses of sessions.
	z.id AS id,                                       -- its number
	z.session AS session,                             -- number of the session
	strftime('%Y-%m-%dT%H:%M:%S', z.from_us / 1000000, 'unixepoch') || printf('.%06dZ', z.from_us % 1000000) AS start, -- from when, RFC 3339
	z.from_us AS start_us,                            -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', z.to_us / 1000000, 'unixepoch') || printf('.%06dZ', z.to_us % 1000000) AS "end", -- until when, RFC 3339; NULL it lasts
	z.to_us AS end_us,                                -- the same in microseconds since 1970
	z.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	z.entry AS entry                                  -- the entry that last changed it
FROM pause z;

CREATE VIEW segments AS SELECT -- Zones worked on in sessions, from when to when.
	g.id AS id,                                       -- its number
	g.session AS session,                             -- number of the session
	g.zone AS zone,                                   -- hairline, temples, crown, ...
	strftime('%Y-%m-%dT%H:%M:%S', g.from_us / 1000000, 'unixepoch') || printf('.%06dZ', g.from_us % 1000000) AS start, -- from when, RFC 3339
	g.from_us AS start_us,                            -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', g.to_us / 1000000, 'unixepoch') || printf('.%06dZ', g.to_us % 1000000) AS "end", -- until when, RFC 3339; NULL it lasts
	g.to_us AS end_us,                                -- the same in microseconds since 1970
	gn.value AS note,                                 -- free text
	g.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	g.entry AS entry                                  -- the entry that last changed it
FROM segment g
	LEFT JOIN personal gn ON gn.entry = g.note_entry AND gn.field = 'note';

CREATE VIEW steps AS SELECT -- Steps of sessions, in order of their time.
	t.id AS id,                                       -- its number
	t.session AS session,                             -- number of the session
	t.kind AS kind,                                   -- colour_match, clean_shave, dermaroller, pigment, evening, sealant, aftercare
	strftime('%Y-%m-%dT%H:%M:%S', t.at_us / 1000000, 'unixepoch') || printf('.%06dZ', t.at_us % 1000000) AS at, -- when, RFC 3339
	t.at_us AS at_us,                                 -- the same in microseconds since 1970
	tn.value AS note,                                 -- free text
	t.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	t.entry AS entry                                  -- the entry that last changed it
FROM step t
	LEFT JOIN personal tn ON tn.entry = t.note_entry AND tn.field = 'note';

CREATE VIEW assignments AS SELECT -- Which pen a session held, from when to when.
	a.id AS id,                                       -- its number
	a.session AS session,                             -- number of the session
	p.serial AS pen,                                  -- serial number of the pen
	strftime('%Y-%m-%dT%H:%M:%S', a.from_us / 1000000, 'unixepoch') || printf('.%06dZ', a.from_us % 1000000) AS start, -- from when, RFC 3339
	a.from_us AS start_us,                            -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', a.to_us / 1000000, 'unixepoch') || printf('.%06dZ', a.to_us % 1000000) AS "end", -- until when, RFC 3339; NULL it lasts
	a.to_us AS end_us,                                -- the same in microseconds since 1970
	a.run AS run,                                     -- the motor run that was still going at its end and belongs to it; NULL none
	a.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	a.entry AS entry                                  -- the entry that last changed it
FROM assignment a
	JOIN pen p ON p.id = a.pen;

CREATE VIEW products AS SELECT -- Products that are consumed.
	p.id AS id,                                       -- number of the product
	p.category AS category,                           -- cartridge, pigment, sealant, dermaroller, barrier, disinfectant, other
	p.name AS name,                                   -- name
	p.brand AS brand,                                 -- who makes it
	p.colour AS colour,                               -- of a pigment
	p.needle AS needle,                               -- of a cartridge: 0603RL is diameter, count, form
	p.active AS active,                               -- 0: no longer bought
	p.entry AS entry                                  -- the entry that last changed it
FROM product p;

CREATE VIEW codes AS SELECT -- Codes on boxes and what they stand for.
	k.code AS code,                                   -- a GTIN of 14 digits, or any text
	k.product AS product,                             -- number of the product
	p.name AS product_name,                           -- the product's name
	k.lot AS lot,                                     -- number of the lot; NULL the code names the product only
	l.number AS lot_number,                           -- the lot as printed
	k.entry AS entry                                  -- the entry that last changed it
FROM code k JOIN product p ON p.id = k.product LEFT JOIN lot l ON l.id = k.lot;

CREATE VIEW lots AS SELECT -- Lots of products.
	l.id AS id,                                       -- number of the lot
	l.product AS product,                             -- number of the product
	p.name AS product_name,                           -- the product's name
	p.category AS category,                           -- the product's category
	l.number COLLATE NOCASE AS number,                -- the lot as printed
	l.expiry AS expiry,                               -- as printed: yyyy-mm-dd or yyyy-mm
	iif(l.expiry_day IS NULL, NULL, printf('%04d-%02d-%02d', l.expiry_day / 10000, l.expiry_day / 100 % 100, l.expiry_day % 100)) AS last_good_day, -- that day, or the last of that month
	l.expiry_day AS expiry_day,                       -- the same as yyyymmdd
	l.status AS status,                               -- ok, quarantined, recalled
	strftime('%Y-%m-%dT%H:%M:%S', l.status_us / 1000000, 'unixepoch') || printf('.%06dZ', l.status_us % 1000000) AS status_since, -- since when, RFC 3339
	l.status_us AS status_since_us,                   -- the same in microseconds since 1970
	l.quantity AS quantity,                           -- received; NULL not counted
	(SELECT coalesce(sum(u.quantity), 0) FROM item_use u WHERE u.lot = l.id AND u.void IS NULL) AS used, -- used in sessions
	l.quantity - (SELECT coalesce(sum(u.quantity), 0) FROM item_use u WHERE u.lot = l.id AND u.void IS NULL) AS remaining, -- received less used; NULL not counted
	strftime('%Y-%m-%dT%H:%M:%S', l.added_us / 1000000, 'unixepoch') || printf('.%06dZ', l.added_us % 1000000) AS added, -- when it was recorded, RFC 3339
	l.added_us AS added_us,                           -- the same in microseconds since 1970
	l.entry AS entry                                  -- the entry that last changed it
FROM lot l JOIN product p ON p.id = l.product;

CREATE VIEW uses AS SELECT -- What was consumed in sessions, and cartridges that pens reported.
	u.id AS id,                                       -- number of the use
	u.session AS session,                             -- number of the session; NULL it lies in none
	s.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	u.segment AS segment,                             -- number of the segment
	u.step AS step,                                   -- number of the step
	pn.serial AS pen,                                 -- serial number of the pen
	u.product AS product,                             -- number of the product
	p.name AS product_name,                           -- the product's name
	p.category AS category,                           -- the product's category
	u.lot AS lot,                                     -- number of the lot
	l.number AS lot_number,                           -- the lot as printed
	l.status AS lot_status,                           -- ok, quarantined, recalled
	u.serial AS serial,                               -- of one cartridge
	coalesce(u.needle, p.needle) AS needle,           -- as the pen reports it, or as the product says
	u.quantity AS quantity,                           -- how many
	strftime('%Y-%m-%dT%H:%M:%S', u.at_us / 1000000, 'unixepoch') || printf('.%06dZ', u.at_us % 1000000) AS at, -- when, or when the cartridge was put in, RFC 3339
	u.at_us AS at_us,                                 -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', u.until_us / 1000000, 'unixepoch') || printf('.%06dZ', u.until_us % 1000000) AS until, -- when the cartridge was taken out, RFC 3339
	u.until_us AS until_us,                           -- the same in microseconds since 1970
	u.source AS source,                               -- person, pen
	u.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	u.entry AS entry                                  -- the entry that last changed it
FROM item_use u
	LEFT JOIN session s ON s.id = u.session
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN pen pn ON pn.id = u.pen
	LEFT JOIN lot l ON l.id = u.lot
	LEFT JOIN product p ON p.id = u.product;

CREATE VIEW hygiene_events AS SELECT -- What was cleaned, disinfected, sterilised, tested, serviced.
	h.id AS id,                                       -- number of the event
	h.kind AS kind,                                   -- disinfected, barrier, cleaned, sterilised, spore_test, prepared, discarded, serviced
	pn.serial AS pen,                                 -- serial number of the pen
	h.place AS place,                                 -- number of the place
	pl.name AS place_name,                            -- the place's name
	h.session AS session,                             -- number of the session it belongs to; NULL none in particular
	strftime('%Y-%m-%dT%H:%M:%S', h.at_us / 1000000, 'unixepoch') || printf('.%06dZ', h.at_us % 1000000) AS at, -- when, RFC 3339
	h.at_us AS at_us,                                 -- the same in microseconds since 1970
	h.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	h.product AS product,                             -- number of the product
	p.name AS product_name,                           -- the product's name
	h.lot AS lot,                                     -- number of the lot
	l.number AS lot_number,                           -- the lot as printed
	h.concentration AS concentration,                 -- 70 %, 1:20
	h.result AS result,                               -- of a spore test: passed, failed
	hn.value AS note,                                 -- free text
	h.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	h.entry AS entry                                  -- the entry that last changed it
FROM hygiene h
	LEFT JOIN pen pn ON pn.id = h.pen
	LEFT JOIN place pl ON pl.id = h.place
	LEFT JOIN practitioner pr ON pr.id = h.practitioner
	LEFT JOIN lot l ON l.id = h.lot
	LEFT JOIN product p ON p.id = h.product
	LEFT JOIN personal hn ON hn.entry = h.note_entry AND hn.field = 'note';

CREATE VIEW consents AS SELECT -- Consents that clients signed.
	n.id AS id,                                       -- its number
	n.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	n.course AS course,                               -- number of the course it is for; NULL any
	n.session AS session,                             -- number of the session it is for; NULL any
	n.risks AS risks,                                 -- 1: risks were explained
	n.form_version AS form_version,                   -- of the form
	strftime('%Y-%m-%dT%H:%M:%S', n.at_us / 1000000, 'unixepoch') || printf('.%06dZ', n.at_us % 1000000) AS at, -- when, RFC 3339
	n.at_us AS at_us,                                 -- the same in microseconds since 1970
	n.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	nn.value AS note,                                 -- free text
	strftime('%Y-%m-%dT%H:%M:%S', n.withdrawn_us / 1000000, 'unixepoch') || printf('.%06dZ', n.withdrawn_us % 1000000) AS withdrawn, -- when it was withdrawn; NULL it stands, RFC 3339
	n.withdrawn_us AS withdrawn_us,                   -- the same in microseconds since 1970
	n.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	n.entry AS entry                                  -- the entry that last changed it
FROM consent n
	LEFT JOIN client c ON c.id = n.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner pr ON pr.id = n.practitioner
	LEFT JOIN personal nn ON nn.entry = n.note_entry AND nn.field = 'note'
WHERE n.kind = 'consent';

CREATE VIEW aftercares AS SELECT -- Aftercare talks and leaflets.
	n.id AS id,                                       -- its number
	n.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	n.course AS course,                               -- number of the course it is for; NULL any
	n.session AS session,                             -- number of the session it is for; NULL any
	n.form AS form,                                   -- verbal, written
	n.form_version AS form_version,                   -- of the leaflet
	strftime('%Y-%m-%dT%H:%M:%S', n.at_us / 1000000, 'unixepoch') || printf('.%06dZ', n.at_us % 1000000) AS at, -- when, RFC 3339
	n.at_us AS at_us,                                 -- the same in microseconds since 1970
	n.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	nn.value AS note,                                 -- free text
	n.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	n.entry AS entry                                  -- the entry that last changed it
FROM consent n
	LEFT JOIN client c ON c.id = n.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner pr ON pr.id = n.practitioner
	LEFT JOIN personal nn ON nn.entry = n.note_entry AND nn.field = 'note'
WHERE n.kind = 'aftercare';

CREATE VIEW patch_tests AS SELECT -- Patch tests.
	t.id AS id,                                       -- number of the test
	t.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	t.product AS product,                             -- number of the product
	p.name AS product_name,                           -- the product's name
	t.lot AS lot,                                     -- number of the lot
	l.number AS lot_number,                           -- the lot as printed
	strftime('%Y-%m-%dT%H:%M:%S', t.at_us / 1000000, 'unixepoch') || printf('.%06dZ', t.at_us % 1000000) AS at, -- when it was applied, RFC 3339
	t.at_us AS at_us,                                 -- the same in microseconds since 1970
	strftime('%Y-%m-%dT%H:%M:%S', t.read_us / 1000000, 'unixepoch') || printf('.%06dZ', t.read_us % 1000000) AS read, -- when it was read, RFC 3339; NULL not yet
	t.read_us AS read_us,                             -- the same in microseconds since 1970
	t.result AS result,                               -- none, reaction
	t.practitioner AS practitioner,                   -- number of the practitioner; NULL not said
	pr.name AS practitioner_name,                     -- the practitioner's name
	tn.value AS note,                                 -- free text
	t.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	t.entry AS entry                                  -- the entry that last changed it
FROM patch_test t
	LEFT JOIN client c ON c.id = t.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN lot l ON l.id = t.lot
	LEFT JOIN product p ON p.id = t.product
	LEFT JOIN practitioner pr ON pr.id = t.practitioner
	LEFT JOIN personal tn ON tn.entry = t.note_entry AND tn.field = 'note';

CREATE VIEW reactions AS SELECT -- Adverse events.
	x.id AS id,                                       -- number of the reaction
	x.client AS client,                               -- the client's number in this database
	cn.value COLLATE NOCASE AS client_number,         -- record number of the clinic
	cm.value AS client_name,                          -- name; NULL not recorded, or erased
	x.session AS session,                             -- number of the session; NULL not known
	x.kind AS kind,                                   -- allergic, infection, migration, colour_shift, fading, blood_exposure, other
	x.cause AS cause,                                 -- ink, unsterile, aftercare, too_deep, too_shallow, unknown, other
	x.severity AS severity,                           -- mild, moderate, severe
	strftime('%Y-%m-%dT%H:%M:%S', x.at_us / 1000000, 'unixepoch') || printf('.%06dZ', x.at_us % 1000000) AS at, -- when it was noticed, RFC 3339
	x.at_us AS at_us,                                 -- the same in microseconds since 1970
	xn.value AS note,                                 -- free text
	strftime('%Y-%m-%dT%H:%M:%S', x.reported_us / 1000000, 'unixepoch') || printf('.%06dZ', x.reported_us % 1000000) AS reported, -- when it was reported, RFC 3339
	x.reported_us AS reported_us,                     -- the same in microseconds since 1970
	xr.value AS reported_to,                          -- to whom
	strftime('%Y-%m-%dT%H:%M:%S', x.followed_up_us / 1000000, 'unixepoch') || printf('.%06dZ', x.followed_up_us % 1000000) AS followed_up, -- when it was last followed up, RFC 3339
	x.followed_up_us AS followed_up_us,                   -- the same in microseconds since 1970
	xf.value AS follow_up,                            -- what was found then
	strftime('%Y-%m-%dT%H:%M:%S', x.closed_us / 1000000, 'unixepoch') || printf('.%06dZ', x.closed_us % 1000000) AS closed, -- when it was closed; NULL open, RFC 3339
	x.closed_us AS closed_us,                         -- the same in microseconds since 1970
	x.void IS NOT NULL AS void,                       -- 1: taken back as a mistake
	x.entry AS entry                                  -- the entry that last changed it
FROM reaction x
	LEFT JOIN client c ON c.id = x.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal xn ON xn.entry = x.note_entry AND xn.field = 'note'
	LEFT JOIN personal xr ON xr.entry = x.reported_to_entry AND xr.field = 'reported_to'
	LEFT JOIN personal xf ON xf.entry = x.follow_up_entry AND xf.field = 'follow_up';

-- What is missing before a session can be signed, one row each. A consultation without machine time needs less. `what` is for programs,
-- `hint` for people: it says what to do. Dated late (consent after the first cycle) is a row too: what a person says to that when they
-- sign is theirs.
CREATE VIEW session_gaps AS
SELECT -- What is missing before a session can be signed; the hint says what to do.
	s.id AS session,                                  -- number of the session
	'client' AS what,                                 -- client, practitioner, age, consent, consent_late, risks, needle, ink, barrier, disinfection, aftercare_verbal, aftercare_written, zones, depth, complications, run_open, runs
	'Nobody has said who sat there: session change, with the client.' AS hint -- what is missing in a sentence, and the verb that mends it
FROM session s
WHERE s.client IS NULL
UNION ALL
SELECT s.id, 'practitioner', 'Nobody has said who worked: session change, with the practitioner.'
FROM session s
WHERE s.practitioner IS NULL
UNION ALL
SELECT s.id, 'age', 'The client''s age was never checked: client check_age.'
FROM session s JOIN client c ON c.id = s.client
WHERE c.age_checked_us IS NULL AND s.kind <> 'consultation'
UNION ALL
SELECT s.id, 'consent', 'There is no consent that holds for this session: consent add.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'consent' AND n.void IS NULL
			AND (n.withdrawn_us IS NULL OR n.withdrawn_us > s.start_us)
			AND (n.session = s.id OR (n.session IS NULL AND (n.course IS NULL OR n.course = s.course))))
UNION ALL
SELECT s.id, 'consent_late', 'The consent was signed after the first cycle: see whether its time is right (consent void, consent add); if it is, say so when you sign.'
FROM session s
WHERE EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'consent' AND n.void IS NULL
			AND (n.withdrawn_us IS NULL OR n.withdrawn_us > s.start_us)
			AND (n.session = s.id OR (n.session IS NULL AND (n.course IS NULL OR n.course = s.course))))
	AND NOT EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'consent' AND n.void IS NULL
			AND (n.withdrawn_us IS NULL OR n.withdrawn_us > s.start_us)
			AND (n.session = s.id OR (n.session IS NULL AND (n.course IS NULL OR n.course = s.course)))
			AND n.at_us <= coalesce((SELECT r.start_us FROM run r WHERE r.session = s.id ORDER BY r.start_us LIMIT 1), s.end_us, n.at_us))
UNION ALL
SELECT s.id, 'risks', 'No consent for this session says that the risks were explained: consent add, with risks.'
FROM session s
WHERE EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'consent' AND n.void IS NULL
			AND (n.withdrawn_us IS NULL OR n.withdrawn_us > s.start_us)
			AND (n.session = s.id OR (n.session IS NULL AND (n.course IS NULL OR n.course = s.course))))
	AND NOT EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'consent' AND n.void IS NULL AND n.risks = 1
			AND (n.withdrawn_us IS NULL OR n.withdrawn_us > s.start_us)
			AND (n.session = s.id OR (n.session IS NULL AND (n.course IS NULL OR n.course = s.course))))
UNION ALL
SELECT s.id, 'needle',
	CASE WHEN EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot JOIN product p ON p.id = l.product
			WHERE u.session = s.id AND u.void IS NULL AND p.category = 'cartridge')
		THEN 'The needle cartridge''s lot has no expiry: lot change.'
		ELSE 'No needle cartridge with its lot: scan the box, or lot use.' END
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot JOIN product p ON p.id = l.product
		WHERE u.session = s.id AND u.void IS NULL AND p.category = 'cartridge' AND l.expiry_day IS NOT NULL)
UNION ALL
SELECT s.id, 'ink',
	CASE WHEN EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot JOIN product p ON p.id = l.product
			WHERE u.session = s.id AND u.void IS NULL AND p.category = 'pigment')
		THEN 'The pigment''s lot has no expiry: lot change.'
		ELSE 'No pigment with its lot: scan the bottle, or lot use.' END
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot JOIN product p ON p.id = l.product
		WHERE u.session = s.id AND u.void IS NULL AND p.category = 'pigment' AND l.expiry_day IS NOT NULL)
UNION ALL
-- A barrier counts when it was put on for this session, or used in it, or put on one of its pens since their session before.
SELECT s.id, 'barrier', 'No new barrier film: hygiene add barrier, or scan its box.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM hygiene h WHERE h.session = s.id AND h.kind = 'barrier' AND h.void IS NULL)
	AND NOT EXISTS (SELECT 1 FROM item_use u JOIN product p ON p.id = u.product
		WHERE u.session = s.id AND u.void IS NULL AND p.category = 'barrier')
	AND NOT EXISTS (SELECT 1 FROM assignment a JOIN hygiene h ON h.pen = a.pen
		WHERE a.session = s.id AND a.void IS NULL AND h.kind = 'barrier' AND h.void IS NULL AND h.session IS NULL
			AND h.at_us <= coalesce(a.to_us, s.end_us, h.at_us)
			AND h.at_us >= coalesce((SELECT coalesce(b.to_us, t.end_us) FROM assignment b JOIN session t ON t.id = b.session
				WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND b.session <> s.id
				ORDER BY b.from_us DESC LIMIT 1), 0))
UNION ALL
-- Each pen is disinfected or sterilised between the session before and its work in this one.
SELECT s.id, 'disinfection', 'Pen ' || n.serial || ' was not disinfected ' || iif(EXISTS (SELECT 1 FROM assignment b
		WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND b.session <> s.id),
	'between its session before and this one', 'before its work in this session') || ': hygiene add disinfected.'
FROM session s JOIN assignment a ON a.session = s.id JOIN pen n ON n.id = a.pen
WHERE a.void IS NULL
	AND NOT EXISTS (SELECT 1 FROM assignment d WHERE d.session = s.id AND +d.pen = a.pen AND d.void IS NULL AND d.from_us < a.from_us)
	AND NOT EXISTS (SELECT 1 FROM hygiene h
		WHERE h.session = s.id AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL AND (h.pen = a.pen OR h.pen IS NULL))
	AND NOT EXISTS (SELECT 1 FROM hygiene h
		WHERE h.pen = a.pen AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL
			AND h.at_us <= coalesce((SELECT r.start_us FROM run r WHERE r.session = s.id AND r.pen = a.pen ORDER BY r.start_us LIMIT 1),
				a.to_us, s.end_us, h.at_us)
			AND h.at_us >= coalesce((SELECT coalesce(b.to_us, t.end_us) FROM assignment b JOIN session t ON t.id = b.session
				WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND b.session <> s.id
				ORDER BY b.from_us DESC LIMIT 1), 0))
UNION ALL
SELECT s.id, 'disinfection', 'No disinfection for this session: hygiene add disinfected.'
FROM session s
WHERE s.kind <> 'consultation'
	AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.session = s.id AND a.void IS NULL)
	AND NOT EXISTS (SELECT 1 FROM hygiene h WHERE h.session = s.id AND h.kind IN ('disinfected', 'sterilised') AND h.void IS NULL)
UNION ALL
SELECT s.id, 'aftercare_verbal', 'The aftercare talk is not recorded: aftercare add verbal.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'aftercare' AND n.form = 'verbal' AND n.void IS NULL
			AND (n.session = s.id OR (n.session IS NULL AND n.at_us BETWEEN s.start_us AND coalesce(s.end_us, n.at_us) + 86400000000)))
UNION ALL
SELECT s.id, 'aftercare_written', 'The aftercare leaflet is not recorded: aftercare add written.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM consent n
		WHERE n.client = s.client AND n.kind = 'aftercare' AND n.form = 'written' AND n.void IS NULL
			AND (n.session = s.id OR (n.session IS NULL AND n.at_us BETWEEN s.start_us AND coalesce(s.end_us, n.at_us) + 86400000000)))
UNION ALL
SELECT s.id, 'zones', 'No zone is recorded: session zone.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND NOT EXISTS (SELECT 1 FROM segment g WHERE g.session = s.id AND g.void IS NULL)
UNION ALL
SELECT s.id, 'depth', 'No depth from the pen, and nobody stated one: session change, with the depth.'
FROM session s
WHERE (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	AND s.depth_um IS NULL
	AND NOT EXISTS (SELECT 1 FROM run r WHERE r.session = s.id AND (r.depth_count > 0 OR r.depth_set_um IS NOT NULL))
UNION ALL
SELECT s.id, 'complications', 'Nobody has said whether there were complications: session change, with no_complications or with what there were.'
FROM session s
WHERE s.complications IS NULL
UNION ALL
SELECT s.id, 'run_open', 'Run #' || r.id || ' has not been read to its end: it ends by itself when the pen is connected.'
FROM session s JOIN run r ON r.session = s.id
WHERE r.state = 0
UNION ALL
-- Runs that may be its, as far as their times are known.
SELECT s.id, 'runs', 'Runs of pen ' || n.serial || ' that are nobody''s may be its: run link, or run dismiss.'
FROM session s JOIN assignment a ON a.session = s.id JOIN pen n ON n.id = a.pen
WHERE a.void IS NULL
	AND EXISTS (SELECT 1 FROM run r INDEXED BY run_pen_start
		WHERE r.pen = a.pen AND r.start_us >= a.from_us - 86400000000 AND r.start_us < coalesce(a.to_us, a.from_us) + 86400000000
			AND r.session IS NULL AND r.attribution <> 3 AND r.latest_us > a.from_us AND (a.to_us IS NULL OR r.earliest_us < a.to_us));
