-- SPDX-License-Identifier: MIT
-- doc: Starts a session: a client sits down. On a pen that is working, the pen's time in it begins where its run began.
-- role: operator
-- noun: session
-- param: client ref:client required -- Record number, or name.
-- param: pen ref:pen -- Pen that works: its machine time is this session's from now on. More pens: session.pen.
-- param: kind text values=consultation|foundation|build|refine|touch-up -- What kind of session; without it, what comes next in the course; without a course, a consultation, or with a pen the foundation.
-- param: course ref:course -- Course that it belongs to; without it, the client's only active one.
-- param: practitioner ref:practitioner -- Who works; without it, who is at the keyboard, or who leads the course.
-- param: place ref:place -- Chair or room.
-- param: at time -- When the client sat down; without it, now.
-- about: client course_id=course practitioner_id=practitioner pen place
-- column: start time -- When it began.
-- column: kind text -- What kind of session.
-- column: course int -- Number of the course; null for none.
-- column: ordinal int -- Which of the course's sessions it is, from 1; null for a consultation.
-- column: practitioner int -- Number of the practitioner; null while nobody has said.
-- column: pen_from time -- From when the pen's machine time belongs to it; null without a pen.
-- column: backdated bool -- Whether that is earlier than `at`, because the pen was working already.

-- The clinic's day has one session of a client at a time, one of a place, one of a pen.
--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM session) AS session,
	coalesce(:at, :at_us) AS said_us,
	coalesce(:course,
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :client AND state = 'active'),
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :client AND state = 'planned'
			AND NOT EXISTS (SELECT 1 FROM course WHERE client = :client AND state = 'active'))) AS course_id

-- A run is going when its newest cycle is at most two minutes old. What another session's interval holds stays there.
--: let
SELECT coalesce(:practitioner, :on_behalf_of, (SELECT min(id) FROM practitioner WHERE active AND user_name = :actor),
		(SELECT practitioner FROM course WHERE id = :course_id)) AS practitioner_id,
	iif(:pen IS NULL, NULL, (SELECT coalesce(max(id), 0) + 1 FROM assignment)) AS assignment,
	iif(:pen IS NULL, NULL, min(:said_us, max(
		coalesce((SELECT r.earliest_us FROM run r
			WHERE r.pen = :pen AND r.start_us <= :said_us AND r.session IS NULL AND r.attribution = 0
				AND iif(r.state = 0, r.latest_us >= :said_us - 120000000, r.end_us > :said_us)
			ORDER BY r.start_us DESC LIMIT 1), :said_us),
		coalesce((SELECT a.to_us FROM assignment a WHERE a.pen = :pen AND a.void IS NULL AND a.from_us <= :said_us
			ORDER BY a.from_us DESC LIMIT 1), 0)))) AS from_us

--: let
SELECT min(:said_us, max(coalesce(:from_us, :said_us),
		coalesce((SELECT max(end_us) FROM session WHERE client = :client AND state <> 'void' AND end_us <= :said_us), 0),
		coalesce((SELECT max(end_us) FROM session WHERE place = :place AND state <> 'void' AND end_us <= :said_us), 0))) AS start_us,
	coalesce(:kind, CASE
		WHEN :course_id IS NULL THEN iif(:pen IS NULL, 'consultation', 'foundation')
		WHEN (SELECT state FROM course WHERE id = :course_id) = 'completed' THEN 'touch-up'
		ELSE (SELECT CASE count(*) WHEN 0 THEN 'foundation' WHEN 1 THEN 'build' ELSE 'refine' END
			FROM session WHERE course = :course_id AND kind <> 'consultation' AND state <> 'void')
		END) AS as_kind

--: let
SELECT local_day(:start_us) AS day,
	iif(:as_kind = 'consultation' OR :course_id IS NULL, NULL,
		(SELECT coalesce(max(ordinal), 0) + 1 FROM session WHERE course = :course_id AND state <> 'void')) AS ordinal

--: check
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'invalid', printf('Course #%d is of another client.', id), 'course'
FROM course WHERE id = :course AND client <> :client
UNION ALL
SELECT 'conflict', printf('Course #%d was abandoned: course reopen, or say another one.', id), 'course'
FROM course WHERE id = :course AND state = 'abandoned'
UNION ALL
SELECT 'missing', printf('The client has %d courses that are %s: say which one this session belongs to.', count(*), state), 'course'
FROM course WHERE client = :client AND :course_id IS NULL AND state IN ('active', 'planned')
GROUP BY state HAVING count(*) > 1
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:said_us)), 'at'
WHERE :said_us > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('%s is a steriliser: nobody sits there.', name), 'place'
FROM place WHERE id = :place AND kind = 'steriliser'
UNION ALL
SELECT 'conflict', printf('Client %s is in session #%d %s.', coalesce(s.client_number, '#' || s.client), s.id,
	iif(s.end_us IS NULL, 'since ' || local_time(s.start_us), 'from ' || local_time(s.start_us) || ' to ' || local_time(s.end_us))), 'client'
FROM sessions s
WHERE s.client = :client AND s.state <> 'void' AND (s.end_us IS NULL OR s.end_us > :start_us)
UNION ALL
SELECT 'conflict', printf('%s is taken by session #%d of client %s %s.', s.place_name, s.id, coalesce(s.client_number, 'nobody named yet'),
	iif(s.end_us IS NULL, 'since ' || local_time(s.start_us), 'from ' || local_time(s.start_us) || ' to ' || local_time(s.end_us))), 'place'
FROM sessions s
WHERE s.place = :place AND s.state <> 'void' AND (s.end_us IS NULL OR s.end_us > :start_us)
UNION ALL
SELECT 'conflict', printf('Pen %s is held by session #%d of client %s %s.', n.serial, s.id, coalesce(s.client_number, 'nobody named yet'),
	iif(a.to_us IS NULL, 'since ' || local_time(a.from_us) || ': end it, or release the pen there',
		'from ' || local_time(a.from_us) || ' to ' || local_time(a.to_us))), 'pen'
FROM assignment a JOIN sessions s ON s.id = a.session JOIN pen n ON n.id = a.pen
WHERE a.pen = :pen AND a.void IS NULL AND (a.to_us IS NULL OR a.to_us > :from_us)

--: apply
INSERT INTO session (id, client, course, ordinal, kind, practitioner, place, start_us, day, state, started_by, entry)
VALUES (:session, :client, :course_id, :ordinal, :as_kind, :practitioner_id, :place, :start_us, :day, 'open', 'person', :entry);
INSERT INTO assignment (id, session, pen, from_us, entry)
SELECT :assignment, :session, :pen, :from_us, :entry WHERE :pen IS NOT NULL;
UPDATE course SET state = 'active', entry = :entry WHERE id = :course_id AND state = 'planned';
INSERT INTO relink (pen, from_us, session) SELECT :pen, :from_us, :session WHERE :pen IS NOT NULL;

--: answer
SELECT :start_us AS start, :as_kind AS kind, :course_id AS course, :ordinal AS ordinal, :practitioner_id AS practitioner,
	:from_us AS pen_from, coalesce(:from_us < :said_us, 0) AS backdated
