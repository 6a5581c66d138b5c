-- What rules go by beside a session's own record, version 5: until when a practitioner's licence held, day by day, and after how many hours
-- of its motor a pen is to be serviced. As in 0002; licence is a projection.

-- The licence that a practitioner had from a day on, as far as anybody recorded. until_day NULL: none from then on.
CREATE TABLE licence (
	practitioner INTEGER NOT NULL REFERENCES practitioner (id),
	from_day     INTEGER NOT NULL,                    -- yyyymmdd; 0: the first that was recorded, and for all days before
	until_day    INTEGER,                             -- the last day on which it is valid
	entry        INTEGER NOT NULL REFERENCES entry (seq),
	PRIMARY KEY (practitioner, from_day)
) STRICT, WITHOUT ROWID;

-- Entries of before say nothing of the day: the first holds for all days before it, a later one from the day on which it was written.
INSERT INTO licence (practitioner, from_day, until_day, entry)
WITH said AS (
	SELECT payload ->> 'practitioner' AS practitioner, payload ->> 'licence_until' AS until, seq,
		iif(row_number() OVER (PARTITION BY payload ->> 'practitioner' ORDER BY seq) = 1, 0,
			CAST(strftime('%Y%m%d', at_us / 1000000, 'unixepoch') AS INTEGER)) AS from_day
	FROM entry
	WHERE action IN ('practitioner.add', 'practitioner.change')
		AND (payload ->> 'licence_until' IS NOT NULL OR payload ->> 'clear' LIKE '%"licence_until"%')
)
SELECT s.practitioner, s.from_day, CAST(replace(s.until, '-', '') AS INTEGER), s.seq
FROM said s
WHERE NOT EXISTS (SELECT 1 FROM said l WHERE l.practitioner = s.practitioner AND l.seq > s.seq AND l.from_day <= s.from_day);

-- NULL: as the audit's profile has it.
ALTER TABLE pen ADD COLUMN service_h INTEGER;

DROP VIEW pens;
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
	p.service_h AS service_h,                         -- motor-on hours between two services; NULL as the audit's profile has it
	p.entry AS entry                                  -- the entry that last changed the pen
FROM pen p;
