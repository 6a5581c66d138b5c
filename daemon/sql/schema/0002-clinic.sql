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
	zone       TEXT,
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

-- state 'open', 'closed', 'signed'. ended_by: person, idle (nobody closed it), button. client NULL: a pen's button began it and
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
	state               TEXT NOT NULL CHECK (state IN ('open', 'closed', 'signed')),
	started_by          TEXT NOT NULL CHECK (started_by IN ('person', 'button')),
	ended_by            TEXT CHECK (ended_by IN ('person', 'idle', 'button')),
	late                INTEGER NOT NULL DEFAULT 0,   -- entered afterwards
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
	zone       TEXT NOT NULL,
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
	kind       TEXT NOT NULL,
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
	to_us   INTEGER
) STRICT;

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

CREATE TABLE lot (
	id         INTEGER PRIMARY KEY,
	product    INTEGER NOT NULL REFERENCES product (id),
	lot        TEXT NOT NULL,                         -- batch, as printed
	expiry     TEXT,                                  -- yyyy-mm-dd or yyyy-mm, as printed
	expiry_day INTEGER,                               -- last day it is good: that day, or the last of that month
	status     TEXT NOT NULL CHECK (status IN ('ok', 'quarantined', 'recalled')),
	status_us  INTEGER,                               -- since when
	quantity   INTEGER,                               -- received; NULL not counted
	added_us   INTEGER NOT NULL,
	entry      INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE UNIQUE INDEX lot_product ON lot (product, lot COLLATE NOCASE);
CREATE INDEX lot_text ON lot (lot COLLATE NOCASE);
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
CREATE INDEX item_use_lot ON item_use (lot, at_us);
CREATE INDEX item_use_serial ON item_use (serial, at_us) WHERE serial IS NOT NULL;
CREATE INDEX item_use_pen ON item_use (pen, at_us);
CREATE UNIQUE INDEX item_use_event ON item_use (event) WHERE event IS NOT NULL;

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
CREATE INDEX hygiene_session ON hygiene (session);
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
	version      TEXT,                                -- of the form that was signed
	at_us        INTEGER NOT NULL,
	practitioner INTEGER REFERENCES practitioner (id),
	note_entry   INTEGER REFERENCES entry (seq),
	withdrawn_us INTEGER,
	void         INTEGER REFERENCES entry (seq),
	entry        INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX consent_client ON consent (client, at_us);
CREATE INDEX consent_session ON consent (session);

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
	follow_up_us      INTEGER,                        -- last followed up
	follow_up_entry   INTEGER REFERENCES entry (seq),
	closed_us         INTEGER,
	void              INTEGER REFERENCES entry (seq),
	entry             INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX reaction_client ON reaction (client, at_us);
CREATE INDEX reaction_session ON reaction (session);
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

-- Answers already given, for a script that asks again: not part of the chain. digest: of method and arguments, salted.
CREATE TABLE request (
	request_id TEXT PRIMARY KEY,
	entry      INTEGER NOT NULL REFERENCES entry (seq),
	salt       BLOB NOT NULL CHECK (length(salt) = 32),
	digest     BLOB NOT NULL CHECK (length(digest) = 32),
	answer     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_entry ON request (entry);
