-- SPDX-License-Identifier: MIT
-- doc: Takes up a session again that was ended too early: the client still sits there. Pens, zone and pause that ended with it go on, and
-- doc: what its pens did since then is its machine time. One that ended a day ago or more gets another end by session.change.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client, when there is only one that is not signed.
-- guard: session
-- reason: required
-- column: start time -- When it began.
-- column: ended time -- When it was said to have ended.
-- column: pens json -- Serial numbers of the pens that it holds again.
-- column: runs int -- Motor runs in it so far.

--: let
SELECT end_us AS ended_us FROM session WHERE id = :session

--: check
SELECT 'conflict', printf('Session #%d %s.', id, CASE state
	WHEN 'open' THEN 'is open, and needs no reopening'
	WHEN 'signed' THEN 'is signed: its end is corrected by session amend'
	ELSE 'was taken back as a mistake' END), 'session'
FROM session WHERE id = :session AND state <> 'closed'
UNION ALL
SELECT 'conflict', printf('Session #%d ended at %s, which is a day ago or more: give it another end by session change.', id, local_time(end_us)), 'session'
FROM session WHERE id = :session AND state = 'closed' AND end_us <= :at_us - 86400000000
UNION ALL
SELECT 'conflict', printf('Client %s was in session #%d %s.', coalesce(o.client_number, '#' || o.client), o.id,
	iif(o.end_us IS NULL, 'since ', 'at ') || local_time(o.start_us)), 'session'
FROM session s JOIN sessions o ON o.client = s.client
WHERE s.id = :session AND s.state = 'closed' AND o.id <> s.id AND o.state <> 'void' AND (o.end_us IS NULL OR o.end_us > s.end_us)
UNION ALL
SELECT 'conflict', printf('%s was taken by session #%d of client %s %s.', o.place_name, o.id, coalesce(o.client_number, 'nobody named yet'),
	iif(o.end_us IS NULL, 'since ', 'at ') || local_time(o.start_us)), 'session'
FROM session s JOIN sessions o ON o.place = s.place
WHERE s.id = :session AND s.state = 'closed' AND o.id <> s.id AND o.state <> 'void' AND (o.end_us IS NULL OR o.end_us > s.end_us)
UNION ALL
SELECT 'conflict', printf('Pen %s was held by session #%d of client %s %s: give this one its own end by session change.', n.serial, o.id,
	coalesce(o.client_number, 'nobody named yet'), iif(b.to_us IS NULL, 'since ', 'at ') || local_time(b.from_us)), 'session'
FROM assignment a JOIN assignment b ON b.pen = a.pen AND b.void IS NULL AND b.id <> a.id AND (b.to_us IS NULL OR b.to_us > a.to_us)
	JOIN sessions o ON o.id = b.session JOIN pen n ON n.id = a.pen
WHERE a.session = :session AND a.void IS NULL AND a.to_us = :ended_us

--: apply
INSERT INTO relink (pen, from_us, session)
SELECT pen, from_us, :session FROM assignment WHERE session = :session AND void IS NULL AND to_us = :ended_us;
UPDATE assignment SET to_us = NULL, run = NULL, entry = :entry WHERE session = :session AND void IS NULL AND to_us = :ended_us;
UPDATE pause SET to_us = NULL, entry = :entry WHERE session = :session AND void IS NULL AND to_us = :ended_us;
UPDATE segment SET to_us = NULL, entry = :entry WHERE session = :session AND void IS NULL AND to_us = :ended_us;
UPDATE session SET end_us = NULL, state = 'open', ended_by = NULL, entry = :entry WHERE id = :session;

--: answer
SELECT s.start_us AS start, :ended_us AS ended,
	(SELECT json_group_array(n.serial) FROM assignment a JOIN pen n ON n.id = a.pen WHERE a.session = s.id AND a.void IS NULL AND a.to_us IS NULL) AS pens,
	(SELECT count(*) FROM run r WHERE r.session = s.id) AS runs
FROM session s WHERE s.id = :session
