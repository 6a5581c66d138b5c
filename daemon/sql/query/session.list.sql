-- SPDX-License-Identifier: MIT
-- doc: Sessions, newest first.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: practitioner ref:practitioner -- Only those of this practitioner.
-- param: course ref:course -- Only those of this course.
-- param: pen ref:pen -- Only those that this pen worked in.
-- param: state text values=open|closed|signed|void -- Only those that are open, ended but not signed, signed, or taken back as a mistake.
-- param: day date -- Only those that began on this day.
-- param: since time -- Only those that began at this time or later.
-- param: until time -- Only those that began before this time.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
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
-- column: runs int -- Motor runs, one that is still going included.
-- column: cycles int -- Their needle cycles.
-- column: on_time_s real:3 -- Their motor-on time, seconds.
-- column: pens json -- Serial numbers of its pens.
-- column: amended int -- Changes after it was signed.
-- column: version int -- Entry that last changed the record.

-- Runs that have ended are in session_total; of those that are open there are no more than pens.
SELECT s.id, s.client, n.value AS client_number, m.value AS client_name, s.course, s.ordinal, s.kind, s.practitioner, d.name AS practitioner_name,
	s.place, l.name AS place_name, s.start_us, s.end_us, s.day, s.state, s.started_by, s.ended_by, s.late,
	coalesce((SELECT sum(t.runs) FROM session_total t WHERE t.session = s.id), 0)
		+ (SELECT count(*) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id) AS runs,
	coalesce((SELECT sum(t.cycles) FROM session_total t WHERE t.session = s.id), 0)
		+ (SELECT coalesce(sum(r.cycles), 0) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id) AS cycles,
	(coalesce((SELECT sum(t.on_time_us) FROM session_total t WHERE t.session = s.id), 0)
		+ (SELECT coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) FROM run r INDEXED BY run_unfinished WHERE r.state = 0 AND r.state <> 1 AND r.session = s.id)) / 1e6 AS on_time_s,
	(SELECT json_group_array(p.serial) FROM assignment a JOIN pen p ON p.id = a.pen WHERE a.session = s.id AND a.void IS NULL
		AND NOT EXISTS (SELECT 1 FROM assignment b INDEXED BY assignment_session WHERE b.session = s.id AND b.pen = a.pen AND b.void IS NULL AND b.id < a.id)) AS pens,
	s.amended, s.entry AS version,
	s.start_us || '.' || s.id AS cursor
FROM session s
	LEFT JOIN client c ON c.id = s.client
	LEFT JOIN personal n ON n.entry = c.number_entry AND n.field = 'number'
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
	LEFT JOIN practitioner d ON d.id = s.practitioner
	LEFT JOIN place l ON l.id = s.place
WHERE true
	AND s.client = :client                                                             -- if client
	AND s.practitioner = :practitioner                                                 -- if practitioner
	AND s.course = :course                                                             -- if course
	AND EXISTS (SELECT 1 FROM assignment a INDEXED BY assignment_session WHERE a.session = s.id AND a.pen = :pen AND a.void IS NULL) -- if pen
	AND s.state = 'open'                                                               -- if state=open
	AND s.state = 'closed'                                                             -- if state=closed
	AND s.state = 'signed'                                                             -- if state=signed
	AND s.state = 'void'                                                               -- if state=void
	AND s.state <> 'void'                                                              -- unless state
	AND s.day = expiry_day(:day)                                                       -- if day
	AND s.start_us >= :since                                                           -- if since
	AND s.start_us < :until                                                            -- if until
	AND (s.start_us, s.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))    -- if after
ORDER BY s.start_us DESC, s.id DESC
LIMIT :limit
