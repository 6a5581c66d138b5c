-- SPDX-License-Identifier: MIT
-- doc: Corrects a session, or adds to it: who sat there, what kind it was, from when to when. Machine time follows its times; consents,
-- doc: aftercare and reactions of the session follow its client.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: client ref:client -- Who sat there.
-- param: course ref:course -- Course that it belongs to; without it, when the client changes, the new client's only active one.
-- param: kind text values=consultation|foundation|build|refine|touch-up -- What kind of session.
-- param: ordinal int min=1 max=1000 -- Which of the course's sessions it is.
-- param: practitioner ref:practitioner -- Who worked.
-- param: place ref:place -- Chair or room.
-- param: start time -- When the client sat down. Pens that it had from the start follow.
-- param: end time -- When the client got up. Pens that it had to the end follow.
-- param: depth_um int min=0 max=5000 -- Needle protrusion in micrometres, as the practitioner states it.
-- param: complications text personal min=1 max=4096 -- What complications there were. That there were none is said by no_complications.
-- param: no_complications bool -- There were none.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- param: clear list values=course|practitioner|place|depth_um|complications|note -- What is to hold nothing again.
-- about: client old_client=client new_course=course practitioner place
-- guard: session
-- reason: correction
-- same: nothing unless spans
-- column: client int -- Number of the client.
-- column: course int -- Number of the course; null for none.
-- column: kind text -- What kind of session.
-- column: ordinal int -- Which of the course's sessions it is.
-- column: start time -- When it began.
-- column: end time -- When it ended; null while it is open.
-- column: runs int -- Motor runs in it.
-- column: moved int -- Consents, aftercare talks and reactions that went with it to the other client.

--: let
SELECT client AS old_client, start_us AS old_start_us, end_us AS old_end_us,
	iif(:client IS NOT client, :client, NULL) AS other_client,
	coalesce(:start, start_us) AS new_start_us, coalesce(:end, end_us) AS new_end_us,
	local_day(coalesce(:start, start_us)) AS day
FROM session WHERE id = :session

-- spans: [[interval, from, to, run],...], those of its pens that its new times change.
--: let
SELECT iif('course' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:course, iif(:other_client IS NULL, s.course, coalesce(
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :other_client AND state = 'active'),
		(SELECT iif(count(*) = 1, min(id), NULL) FROM course WHERE client = :other_client AND state = 'planned'
			AND NOT EXISTS (SELECT 1 FROM course WHERE client = :other_client AND state = 'active')))))) AS new_course,
	(SELECT nullif(json_group_array(json_array(a.id, a.new_from, a.new_to, iif(a.new_to IS a.to_us, a.run,
			(SELECT r.id FROM run r WHERE r.pen = a.pen AND r.start_us < a.new_to AND r.earliest_us >= a.new_from
				AND r.state <> 0 AND r.latest_us > a.new_to AND a.to_us IS NOT NULL AND r.id = a.run ORDER BY r.start_us DESC LIMIT 1)))), '[]')
		FROM (SELECT b.*,
				iif(:start IS NOT NULL AND (b.from_us <= :old_start_us OR b.from_us < :start), :start, b.from_us) AS new_from,
				iif(:end IS NOT NULL AND (b.to_us >= :old_end_us OR b.to_us > :end), :end, b.to_us) AS new_to
			FROM assignment b WHERE b.session = :session AND b.void IS NULL) a
		WHERE a.new_from IS NOT a.from_us OR a.new_to IS NOT a.to_us) AS spans
FROM session s WHERE s.id = :session

--: let
SELECT coalesce(:kind, iif(:old_client IS NOT NULL OR :other_client IS NULL, s.kind, CASE
		WHEN :new_course IS NULL THEN 'foundation'
		WHEN (SELECT state FROM course WHERE id = :new_course) = 'completed' THEN 'touch-up'
		ELSE (SELECT CASE count(*) WHEN 0 THEN 'foundation' WHEN 1 THEN 'build' ELSE 'refine' END
			FROM session WHERE course = :new_course AND kind <> 'consultation' AND state <> 'void' AND id <> :session)
		END)) AS new_kind
FROM session s WHERE s.id = :session

--: let
SELECT iif(:new_kind = 'consultation' OR :new_course IS NULL, NULL, coalesce(:ordinal, iif(s.course IS :new_course, s.ordinal, NULL),
		(SELECT coalesce(max(ordinal), 0) + 1 FROM session WHERE course = :new_course AND state <> 'void' AND id <> :session))) AS new_ordinal,
	iif(:other_client IS NULL OR :old_client IS NULL, 0,
		(SELECT count(*) FROM consent WHERE session = :session AND client = :old_client)
		+ (SELECT count(*) FROM reaction WHERE session = :session AND client = :old_client)) AS moved
FROM session s WHERE s.id = :session

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:client, :course, :kind, :ordinal, :practitioner, :place, :start, :end, :depth_um, :complications, :no_complications,
	:note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session' FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'conflict', printf('Session #%d is open: session end ends it.', id), 'end'
FROM session WHERE id = :session AND :end IS NOT NULL AND end_us IS NULL
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :other_client AND erased_us IS NOT NULL
UNION ALL
SELECT 'invalid', printf('Course #%d is of another client.', id), 'course'
FROM course WHERE id = :new_course AND client IS NOT coalesce(:client, :old_client)
UNION ALL
SELECT 'missing', printf('The client has %d courses that are %s: say which one this session belongs to.', count(*), state), 'course'
FROM course WHERE client = :other_client AND :new_course IS NULL AND state IN ('active', 'planned')
	AND NOT 'course' IN (SELECT value FROM json_each(coalesce(:clear, '[]')))
GROUP BY state HAVING count(*) > 1
UNION ALL
SELECT 'invalid', printf('%s is a steriliser: nobody sits there.', name), 'place'
FROM place WHERE id = :place AND kind = 'steriliser'
UNION ALL
SELECT 'invalid', 'Either there were complications or there were none.', 'complications' WHERE :complications IS NOT NULL AND :no_complications
UNION ALL
SELECT 'invalid', printf('Complications "%s" would be noted as some that there were. If there were none, say no_complications.', :complications), 'no_complications'
WHERE fold(trim(:complications, ' .-/')) IN ('', 'no', 'none', 'nil', 'nothing', 'n/a', 'na')
UNION ALL
SELECT 'missing', 'This takes back that there were complications: say why, as reason.', 'reason'
FROM session WHERE id = :session AND complications = 'noted' AND :no_complications AND :reason IS NULL
UNION ALL
SELECT 'invalid', printf('%s is not after its start, %s.', local_time(:new_end_us), local_time(:new_start_us)), 'end'
WHERE :new_end_us <= :new_start_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:new_start_us, coalesce(:new_end_us, 0)))), 'end'
WHERE max(:new_start_us, coalesce(:new_end_us, 0)) > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Pen %s was its from %s to %s, outside these times: session pen, release, first.', n.serial,
	local_time(a.from_us), coalesce(local_time(a.to_us), 'now')), 'start'
FROM json_each(:spans) v JOIN assignment a ON a.id = v.value ->> '$[0]' JOIN pen n ON n.id = a.pen
WHERE v.value ->> '$[2]' <= v.value ->> '$[1]'
UNION ALL
SELECT 'conflict', printf('Work on zone %s is recorded from %s to %s, outside these times.', zone, local_time(from_us),
	coalesce(local_time(to_us), 'now')), 'start'
FROM segment
WHERE session = :session AND void IS NULL AND coalesce(:start, :end) IS NOT NULL AND (from_us < :new_start_us OR coalesce(to_us, from_us) > :new_end_us)
UNION ALL
SELECT 'conflict', printf('A pause is recorded from %s to %s, outside these times.', local_time(from_us), coalesce(local_time(to_us), 'now')), 'start'
FROM pause
WHERE session = :session AND void IS NULL AND coalesce(:start, :end) IS NOT NULL AND (from_us < :new_start_us OR coalesce(to_us, from_us) > :new_end_us)
UNION ALL
SELECT 'conflict', printf('Step %s is recorded at %s, outside these times.', kind, local_time(at_us)), 'start'
FROM step
WHERE session = :session AND void IS NULL AND coalesce(:start, :end) IS NOT NULL AND (at_us < :new_start_us OR at_us > :new_end_us)
UNION ALL
SELECT 'conflict', printf('Client %s was in session #%d from %s to %s.', coalesce(o.client_number, '#' || o.client), o.id,
	local_time(o.start_us), coalesce(local_time(o.end_us), 'now')), 'client'
FROM sessions o
WHERE o.client = coalesce(:client, :old_client) AND o.id <> :session AND o.state <> 'void' AND coalesce(:start, :end, :other_client) IS NOT NULL
	AND (:new_end_us IS NULL OR o.start_us < :new_end_us) AND (o.end_us IS NULL OR o.end_us > :new_start_us)
UNION ALL
SELECT 'conflict', printf('%s was taken by session #%d of client %s from %s to %s.', o.place_name, o.id,
	coalesce(o.client_number, 'nobody named yet'), local_time(o.start_us), coalesce(local_time(o.end_us), 'now')), 'place'
FROM session s JOIN sessions o ON o.place = coalesce(:place, s.place)
WHERE s.id = :session AND o.id <> :session AND o.state <> 'void' AND coalesce(:start, :end, :place) IS NOT NULL
	AND (:new_end_us IS NULL OR o.start_us < :new_end_us) AND (o.end_us IS NULL OR o.end_us > :new_start_us)
UNION ALL
SELECT 'conflict', printf('Pen %s was held by session #%d of client %s from %s to %s.', n.serial, o.id, coalesce(o.client_number, 'nobody named yet'),
	local_time(b.from_us), coalesce(local_time(b.to_us), 'now')), 'start'
FROM json_each(:spans) v JOIN assignment a ON a.id = v.value ->> '$[0]' JOIN assignment b ON b.pen = a.pen AND b.void IS NULL AND b.id <> a.id
	JOIN sessions o ON o.id = b.session JOIN pen n ON n.id = a.pen
WHERE (v.value ->> '$[2]' IS NULL OR b.from_us < v.value ->> '$[2]') AND (b.to_us IS NULL OR b.to_us > v.value ->> '$[1]')

--: apply
INSERT INTO relink (pen, from_us, to_us, session)
SELECT a.pen, min(a.from_us, v.value ->> '$[1]'), max(a.to_us, v.value ->> '$[2]'), :session
FROM json_each(:spans) v JOIN assignment a ON a.id = v.value ->> '$[0]';
UPDATE assignment SET from_us = v.value ->> '$[1]', to_us = v.value ->> '$[2]', run = v.value ->> '$[3]', entry = :entry
FROM json_each(:spans) v WHERE assignment.id = v.value ->> '$[0]';
INSERT INTO about (noun, id, entry, subject)
SELECT 'consent', id, :entry, 1 FROM consent WHERE session = :session AND client = :old_client AND :other_client IS NOT NULL;
UPDATE consent SET client = :other_client, course = iif(course IS NULL, NULL, :new_course), entry = :entry
WHERE session = :session AND client = :old_client AND :other_client IS NOT NULL;
INSERT INTO about (noun, id, entry, subject)
SELECT 'reaction', id, :entry, 1 FROM reaction WHERE session = :session AND client = :old_client AND :other_client IS NOT NULL;
UPDATE reaction SET client = :other_client, entry = :entry
WHERE session = :session AND client = :old_client AND :other_client IS NOT NULL;
UPDATE session SET
	client = coalesce(:client, client),
	course = :new_course,
	ordinal = :new_ordinal,
	kind = :new_kind,
	practitioner = iif('practitioner' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:practitioner, practitioner)),
	place = iif('place' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:place, place)),
	start_us = :new_start_us,
	end_us = :new_end_us,
	day = :day,
	depth_um = iif('depth_um' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:depth_um, depth_um)),
	complications = CASE
		WHEN 'complications' IN (SELECT value FROM json_each(:clear)) THEN NULL
		WHEN :complications IS NOT NULL THEN 'noted'
		WHEN :no_complications THEN 'none'
		ELSE complications END,
	complications_entry = iif('complications' IN (SELECT value FROM json_each(:clear)) OR coalesce(:no_complications, 0), NULL,
		coalesce(:complications, complications_entry)),
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :session;
UPDATE course SET state = 'active', entry = :entry WHERE id = :new_course AND state = 'planned';

--: answer
SELECT client, course, kind, ordinal, start_us AS start, end_us AS "end", (SELECT count(*) FROM run r WHERE r.session = s.id) AS runs, :moved AS moved
FROM session s WHERE id = :session
