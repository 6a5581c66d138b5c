-- SPDX-License-Identifier: MIT
-- doc: Closes a session that nobody ended: by the pen's button, or because nothing has happened for long.
-- role: daemon
-- noun: session
-- param: session ref:session required -- Its number.
-- param: at time required -- When it ended: the end of its last run, or when the button was pressed.
-- param: by text required values=idle|button -- What closed it.
-- column: end time -- When it ended.

--: let
SELECT nullif(json_group_array(json_array(a.id, a.going)), '[]') AS going
FROM (SELECT a.id AS id, (SELECT r.id FROM run r WHERE r.pen = a.pen AND r.start_us < :at AND r.earliest_us >= a.from_us
		AND (r.state = 0 OR r.latest_us > :at) ORDER BY r.start_us DESC LIMIT 1) AS going
	FROM assignment a WHERE a.session = :session AND a.void IS NULL AND a.to_us IS NULL) a
WHERE a.going IS NOT NULL

--: check
SELECT 'conflict', printf('Session #%d is not open.', id), 'session'
FROM session WHERE id = :session AND state <> 'open'
UNION ALL
SELECT 'invalid', printf('Session #%d began at %s.', id, local_time(start_us)), 'at'
FROM session WHERE id = :session AND :at < start_us
UNION ALL
SELECT 'conflict', printf('Session #%d has what happened after %s.', s.id, local_time(:at)), 'at'
FROM session s
WHERE s.id = :session AND (EXISTS (SELECT 1 FROM assignment x WHERE x.session = s.id AND x.void IS NULL AND (x.from_us > :at OR x.to_us > :at))
	OR EXISTS (SELECT 1 FROM segment x WHERE x.session = s.id AND x.void IS NULL AND (x.from_us > :at OR x.to_us > :at))
	OR EXISTS (SELECT 1 FROM pause x WHERE x.session = s.id AND x.void IS NULL AND (x.from_us > :at OR x.to_us > :at))
	OR EXISTS (SELECT 1 FROM step x WHERE x.session = s.id AND x.void IS NULL AND x.at_us > :at))

--: apply
INSERT INTO relink (pen, from_us, session)
SELECT pen, :at, :session FROM assignment WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE assignment SET to_us = :at, entry = :entry, void = iif(from_us >= :at, :entry, NULL),
	run = (SELECT value ->> '$[1]' FROM json_each(:going) WHERE value ->> '$[0]' = assignment.id)
WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE pause SET to_us = :at, entry = :entry WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE segment SET to_us = :at, entry = :entry WHERE session = :session AND void IS NULL AND to_us IS NULL;
UPDATE session SET end_us = :at, state = 'closed', ended_by = :by, entry = :entry WHERE id = :session;

--: answer
SELECT :at AS "end"
