-- SPDX-License-Identifier: MIT
-- doc: Adds a session afterwards, with its start and its end. What its pens ran then becomes its machine time.
-- role: operator
-- noun: session
-- param: client ref:client required -- Record number, or name.
-- param: start time required -- When the client sat down.
-- param: end time required -- When the client got up.
-- param: pens list max=32 -- Serial numbers of its pens, for the whole session; a part of it: session.pen.
-- param: kind text values=consultation|foundation|build|refine|touch-up -- What kind of session; without it, what comes next in the course; without a course, a consultation, or with a pen the foundation.
-- param: course ref:course -- Course that it belongs to; without it, the client's only active one.
-- param: practitioner ref:practitioner -- Who worked; without it, who leads the course.
-- param: place ref:place -- Chair or room.
-- param: note text personal max=4096 -- Free text.
-- about: client course_id=course practitioner_id=practitioner place
-- column: kind text -- What kind of session.
-- column: course int -- Number of the course; null for none.
-- column: ordinal int -- Which of the course's sessions it is, from 1; null for a consultation.
-- column: pens json -- Its pens.
-- column: runs int -- Motor runs that are now its.
-- column: cycles int -- Their needle cycles.

-- held: [[interval, pen],...].
--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM session) AS session,
	coalesce(:course,
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :client AND state = 'active'),
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :client AND state = 'planned'
			AND NOT EXISTS (SELECT 1 FROM course WHERE client = :client AND state = 'active'))) AS course_id,
	local_day(:start) AS day,
	(SELECT nullif(json_group_array(json_array((SELECT coalesce(max(id), 0) FROM assignment) + p.key + 1, n.id)), '[]')
		FROM json_each(:pens) p JOIN pen n ON n.serial = p.value COLLATE NOCASE) AS held

--: let
SELECT coalesce(:practitioner, :on_behalf_of, (SELECT practitioner FROM course WHERE id = :course_id)) AS practitioner_id,
	coalesce(:kind, CASE
		WHEN :course_id IS NULL THEN iif(:held IS NULL, 'consultation', 'foundation')
		WHEN (SELECT state FROM course WHERE id = :course_id) = 'completed' THEN 'touch-up'
		ELSE (SELECT CASE count(*) WHEN 0 THEN 'foundation' WHEN 1 THEN 'build' ELSE 'refine' END
			FROM session WHERE course = :course_id AND kind <> 'consultation' AND state <> 'void')
		END) AS as_kind

--: let
SELECT iif(:as_kind = 'consultation' OR :course_id IS NULL, NULL,
		(SELECT coalesce(max(ordinal), 0) + 1 FROM session WHERE course = :course_id AND state <> 'void')) AS ordinal

--: check
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'not_found', printf('There is no pen %s.', p.value), 'pens'
FROM json_each(:pens) p WHERE NOT EXISTS (SELECT 1 FROM pen WHERE serial = p.value COLLATE NOCASE)
UNION ALL
SELECT 'invalid', printf('Pen %s is named twice.', max(p.value)), 'pens'
FROM json_each(:pens) p GROUP BY lower(p.value) HAVING count(*) > 1
UNION ALL
SELECT 'invalid', printf('Course #%d is of another client.', id), 'course'
FROM course WHERE id = :course AND client <> :client
UNION ALL
SELECT 'missing', printf('The client has %d courses that are %s: say which one this session belongs to.', count(*), state), 'course'
FROM course WHERE client = :client AND :course_id IS NULL AND state IN ('active', 'planned')
GROUP BY state HAVING count(*) > 1
UNION ALL
SELECT 'invalid', printf('%s is not after its start, %s.', local_time(:end), local_time(:start)), 'end' WHERE :end <= :start
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:end)), 'end' WHERE :end > :at_us + 300000000
UNION ALL
SELECT 'invalid', 'A session lasts at most 24 hours.', 'end' WHERE :end - :start > 86400000000
UNION ALL
SELECT 'invalid', printf('%s is a steriliser: nobody sits there.', name), 'place'
FROM place WHERE id = :place AND kind = 'steriliser'
UNION ALL
SELECT 'conflict', printf('Client %s was in session #%d from %s to %s.', coalesce(s.client_number, '#' || s.client), s.id,
	local_time(s.start_us), coalesce(local_time(s.end_us), 'now')), 'client'
FROM sessions s
WHERE s.client = :client AND s.state <> 'void' AND s.start_us < :end AND (s.end_us IS NULL OR s.end_us > :start)
UNION ALL
SELECT 'conflict', printf('%s was taken by session #%d of client %s from %s to %s.', s.place_name, s.id,
	coalesce(s.client_number, 'nobody named yet'), local_time(s.start_us), coalesce(local_time(s.end_us), 'now')), 'place'
FROM sessions s
WHERE s.place = :place AND s.state <> 'void' AND s.start_us < :end AND (s.end_us IS NULL OR s.end_us > :start)
UNION ALL
SELECT 'conflict', printf('Pen %s was held by session #%d of client %s from %s to %s.', n.serial, s.id, coalesce(s.client_number, 'nobody named yet'),
	local_time(a.from_us), coalesce(local_time(a.to_us), 'now')), 'pens'
FROM json_each(:held) h JOIN assignment a ON a.pen = h.value ->> '$[1]' JOIN sessions s ON s.id = a.session JOIN pen n ON n.id = a.pen
WHERE a.void IS NULL AND a.from_us < :end AND (a.to_us IS NULL OR a.to_us > :start)

--: apply
INSERT INTO session (id, client, course, ordinal, kind, practitioner, place, start_us, end_us, day, state, started_by, ended_by, late, note_entry, entry)
VALUES (:session, :client, :course_id, :ordinal, :as_kind, :practitioner_id, :place, :start, :end, :day, 'closed', 'person', 'person', 1, :note, :entry);
INSERT INTO assignment (id, session, pen, from_us, to_us, entry)
SELECT value ->> '$[0]', :session, value ->> '$[1]', :start, :end, :entry FROM json_each(:held);
UPDATE course SET state = 'active', entry = :entry WHERE id = :course_id AND state = 'planned';
INSERT INTO relink (pen, from_us, to_us, session) SELECT value ->> '$[1]', :start, :end, :session FROM json_each(:held);

--: answer
SELECT :as_kind AS kind, :course_id AS course, :ordinal AS ordinal,
	(SELECT json_group_array(n.serial) FROM assignment a JOIN pen n ON n.id = a.pen WHERE a.session = :session) AS pens,
	(SELECT count(*) FROM run WHERE session = :session) AS runs,
	(SELECT coalesce(sum(cycles), 0) FROM run WHERE session = :session) AS cycles
