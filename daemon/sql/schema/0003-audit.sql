-- The audit, version 3: profiles, what was acknowledged, and what was told already. As in 0002; profile, threshold, profile_use and
-- acknowledgement are projections.

-- A profile as it was loaded last. include: the one whose values hold where it says nothing; found by name when it is used.
CREATE TABLE profile (
	id        INTEGER PRIMARY KEY,
	name      TEXT NOT NULL UNIQUE,
	doc       TEXT,
	include   TEXT,
	content   TEXT NOT NULL,                          -- its whole text
	loaded_us INTEGER NOT NULL,
	entry     INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- Its values: of a rule's thresholds, and 'enabled', 'severity', 'source'; rule 'retention' is no rule. value NULL: switched off.
CREATE TABLE threshold (
	profile  INTEGER NOT NULL REFERENCES profile (id),
	rule     TEXT NOT NULL,
	name     TEXT NOT NULL,
	from_day INTEGER NOT NULL,                        -- yyyymmdd, 0 always
	value    ANY,
	source   TEXT,
	PRIMARY KEY (profile, rule, name, from_day)
) STRICT, WITHOUT ROWID;

-- Which profile judges what was done from a day on.
CREATE TABLE profile_use (
	from_day INTEGER PRIMARY KEY,                     -- yyyymmdd, 0 always
	profile  INTEGER NOT NULL REFERENCES profile (id),
	entry    INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- Findings that somebody has seen and answered for; finding is their identity (daemon/db/audit.h). The reason is personal.
CREATE TABLE acknowledgement (
	id           INTEGER PRIMARY KEY,
	finding      TEXT NOT NULL UNIQUE,
	rule         TEXT NOT NULL,
	session      INTEGER,
	client       INTEGER,
	at_us        INTEGER NOT NULL,
	actor        TEXT NOT NULL,
	reason_entry INTEGER REFERENCES entry (seq),
	entry        INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;

-- ---------------------------------------------------------------------------------------------- working tables

-- What subscribers heard of: findings of sessions that were evaluated while they were open, or when something about them changed. What no
-- longer holds is deleted, and told again if it comes back. No projection: it follows from the record and the rules of the day.
CREATE TABLE audit_seen (
	finding  TEXT PRIMARY KEY,
	rule     TEXT NOT NULL,
	severity TEXT NOT NULL,
	session  INTEGER NOT NULL,
	client   INTEGER,
	pen      INTEGER,
	lot      INTEGER,
	at_us    INTEGER,
	says     TEXT NOT NULL,                           -- names nobody: clients by their number in the database
	does     TEXT NOT NULL,
	seen_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_seen_session ON audit_seen (session);

-- Entries up to this one were looked at.
CREATE TABLE audit_cursor (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	entry INTEGER NOT NULL
) STRICT;
