-- SPDX-License-Identifier: MIT
-- doc: Ends a session: the client gets up. A run that is going stays with it to its end; its pens are free, a pause and a zone end too.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: at time -- When; without it, now.
-- guard: session
-- column: start time -- When it began.
-- column: end time -- When it ended.
-- column: runs int -- Motor runs in it so far.
-- column: cycles int -- Needle cycles in it so far.
-- column: on_time_s real:3 -- Motor-on time in it so far, seconds.

-- going: [[interval, run],...], the runs that were going when their pens' intervals ended.
--: let
SELECT coalesce(:at, :at_us) AS end_us

--: let
SELECT nullif(json_group_array(json_array(a.id, a.going)), '[]') AS going
FROM (SELECT a.id AS id, (SELECT r.id FROM run r WHERE r.pen = a.pen AND r.start_us < :end_us AND r.earliest_us >= a.from_us
		AND (r.state = 0 OR r.latest_us > :end_us) ORDER BY r.start_us DESC LIMIT 1) AS going
	FROM assignment a WHERE a.session = :session AND a.void IS NULL AND a.to_us IS NULL) a
WHERE a.going IS NOT NULL

--: check
SELECT 'conflict', printf('Session #%d %s.', id, iif(state = 'void', 'was taken back as a mistake', 'ended at ' || local_time(end_us))), 'session'
FROM session WHERE id = :session AND state <> 'open'
UNION ALL
SELECT 'invalid', printf('%s is not after its start, %s.', local_time(:end_us), local_time(start_us)), 'at'
FROM session WHERE id = :session AND :end_us <= start_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:end_us)), 'at'
WHERE :end_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Pen %s was taken at %s, after that end.', n.serial, local_time(a.from_us)), 'at'
FROM assignment a JOIN pen n ON n.id = a.pen
WHERE a.session = :session AND a.void IS NULL AND (a.from_us >= :end_us OR a.to_us > :end_us)
UNION ALL
SELECT 'conflict', printf('Work on zone %s is recorded at %s, after that end.', zone, local_time(max(from_us, coalesce(to_us, 0)))), 'at'
FROM segment WHERE session = :session AND void IS NULL AND (from_us >= :end_us OR to_us > :end_us)
UNION ALL
SELECT 'conflict', printf('A pause is recorded at %s, after that end.', local_time(max(from_us, coalesce(to_us, 0)))), 'at'
FROM pause WHERE session = :session AND void IS NULL AND (from_us >= :end_us OR to_us > :end_us)
UNION ALL
SELECT 'conflict', printf('Step %s is recorded at %s, after that end.', kind, local_time(at_us)), 'at'
FROM step WHERE session = :session AND void IS NULL AND at_us > :end_us

--: apply
INSERT INTO relink (pen, from_us, session)
SELECT pen, :end_us, :session FROM assignment WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE assignment SET to_us = :end_us, entry = :entry,
	run = (SELECT value ->> '$[1]' FROM json_each(:going) WHERE value ->> '$[0]' = assignment.id)
WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE pause SET to_us = :end_us, entry = :entry WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE segment SET to_us = :end_us, entry = :entry WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE session SET end_us = :end_us, state = 'closed', ended_by = 'person', entry = :entry WHERE id = :session;

--: answer
SELECT s.start_us AS start, s.end_us AS "end", count(r.id) AS runs, coalesce(sum(r.cycles), 0) AS cycles,
	coalesce(sum(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)), 0) / 1e6 AS on_time_s
FROM session s LEFT JOIN run r ON r.session = s.id WHERE s.id = :session GROUP BY s.id
