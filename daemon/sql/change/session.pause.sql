-- SPDX-License-Identifier: MIT
-- doc: A pause begins: the client gets up, or the work rests. Of a session that has ended, say until when, too.
-- role: operator
-- noun: pause
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: at time -- When it began; without it, now.
-- param: until time -- When it ended; without it, it lasts.
-- guard: session
-- column: start time -- When it began.
-- column: end time -- When it ended; null while it lasts.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM pause) AS pause, coalesce(:at, :at_us) AS from_us

--: check
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session'
FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'missing', printf('Session #%d has ended: say from when until when the pause was.', id), 'until'
FROM session WHERE id = :session AND end_us IS NOT NULL AND (:at IS NULL OR :until IS NULL)
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:from_us, coalesce(:until, 0)))), 'at'
WHERE max(:from_us, coalesce(:until, 0)) > :at_us + 300000000
UNION ALL
SELECT 'invalid', 'A pause ends after it began.', 'until' WHERE :until <= :from_us
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: the pause lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'at'
FROM session WHERE id = :session AND (:from_us < start_us OR :from_us >= end_us OR :until > end_us)
UNION ALL
SELECT 'conflict', printf('There is a pause %s already.', iif(to_us IS NULL, 'since ' || local_time(from_us),
	'from ' || local_time(from_us) || ' to ' || local_time(to_us))), 'at'
FROM pause WHERE session = :session AND void IS NULL AND (to_us IS NULL OR to_us > :from_us) AND (:until IS NULL OR from_us < :until)

--: apply
INSERT INTO pause (id, session, from_us, to_us, entry) VALUES (:pause, :session, :from_us, :until, :entry);

--: answer
SELECT :from_us AS start, :until AS "end"
