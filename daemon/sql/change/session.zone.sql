-- SPDX-License-Identifier: MIT
-- doc: Work on a zone begins; that on the zone before ends. Zones of the past have both times.
-- role: operator
-- noun: segment
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: zone text required values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where.
-- param: at time -- When it began; without it, now.
-- param: until time -- When it ended; without it, when the next zone, or the session's end, comes.
-- param: note text personal max=4096 -- Free text: which patch, which scar.
-- guard: session
-- column: start time -- When it began.
-- column: end time -- When it ended; null while it lasts.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM segment) AS segment, coalesce(:at, :at_us) AS from_us

--: let
SELECT coalesce(:until, (SELECT min(from_us) FROM segment WHERE session = :session AND void IS NULL AND from_us > :from_us),
		(SELECT end_us FROM session WHERE id = :session)) AS to_us,
	(SELECT id FROM segment WHERE session = :session AND void IS NULL AND to_us IS NULL AND from_us < :from_us) AS before

--: check
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session'
FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'missing', printf('Session #%d has ended: say from when the work on this zone was.', id), 'at'
FROM session WHERE id = :session AND end_us IS NOT NULL AND :at IS NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:from_us, coalesce(:until, 0)))), 'at'
WHERE max(:from_us, coalesce(:until, 0)) > :at_us + 300000000
UNION ALL
SELECT 'invalid', 'Work on a zone ends after it began.', 'until' WHERE :until <= :from_us
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: that lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'at'
FROM session WHERE id = :session AND (:from_us < start_us OR :from_us >= end_us OR :until > end_us)
UNION ALL
SELECT 'conflict', printf('Zone %s is recorded from %s to %s: segment change, or another time.', zone, local_time(from_us),
	coalesce(local_time(to_us), 'now')), 'at'
FROM segment
WHERE session = :session AND void IS NULL AND (to_us > :from_us OR (to_us IS NULL AND from_us >= :from_us))
	AND (:to_us IS NULL OR from_us < :to_us)

--: apply
UPDATE segment SET to_us = :from_us, entry = :entry WHERE id = :before;
INSERT INTO segment (id, session, zone, from_us, to_us, note_entry, entry)
VALUES (:segment, :session, :zone, :from_us, :to_us, :note, :entry);

--: answer
SELECT :from_us AS start, :to_us AS "end"
