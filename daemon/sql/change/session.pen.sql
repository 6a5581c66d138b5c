-- SPDX-License-Identifier: MIT
-- doc: Gives a session a pen, takes one from it, or both: a pen changed half-way. A run that is going on a pen that leaves stays with the
-- doc: session to its end; on one that comes, the pen's time begins where its run began.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: pen ref:pen -- Pen that comes.
-- param: release ref:pen -- Pen that leaves.
-- param: at time -- When; without it, now.
-- param: until time -- Until when the pen that comes is the session's; without it, to the session's end.
-- about: pen release=pen
-- guard: session
-- column: pen_from time -- From when the pen that came belongs to it; null when none came.
-- column: pen_to time -- Until when, if that is settled.
-- column: backdated bool -- Whether that is earlier than `at`, because the pen was working already.

-- released: the interval that ends, taken_back when nothing is left of it; going: the run that was going then.
--: let
SELECT coalesce(:at, :at_us) AS said_us,
	(SELECT a.id FROM assignment a WHERE a.session = :session AND a.pen = :release AND a.void IS NULL
		AND (a.to_us IS NULL OR a.to_us > coalesce(:at, :at_us)) ORDER BY a.from_us LIMIT 1) AS released,
	iif(:pen IS NULL, NULL, (SELECT coalesce(max(id), 0) + 1 FROM assignment)) AS assignment

--: let
SELECT (SELECT r.id FROM assignment a JOIN run r ON r.pen = a.pen AND r.start_us < :said_us AND r.earliest_us >= a.from_us
		AND (r.state = 0 OR r.latest_us > :said_us) WHERE a.id = :released ORDER BY r.start_us DESC LIMIT 1) AS going,
	(SELECT 1 FROM assignment WHERE id = :released AND from_us >= :said_us) AS taken_back,
	iif(:pen IS NULL, NULL, min(:said_us, max(
		coalesce((SELECT r.earliest_us FROM run r
			WHERE r.pen = :pen AND r.start_us <= :said_us AND r.session IS NULL AND r.attribution = 0
				AND iif(r.state = 0, r.latest_us >= :said_us - 120000000, r.end_us > :said_us)
			ORDER BY r.start_us DESC LIMIT 1), :said_us),
		(SELECT start_us FROM session WHERE id = :session),
		coalesce((SELECT a.to_us FROM assignment a WHERE a.pen = :pen AND a.void IS NULL AND a.from_us <= :said_us
			ORDER BY a.from_us DESC LIMIT 1), 0)))) AS from_us

--: let
SELECT iif(:pen IS NULL, NULL, coalesce(:until, (SELECT end_us FROM session WHERE id = :session))) AS to_us

--: check
SELECT 'missing', 'Say which pen comes, or which one leaves.', 'pen' WHERE coalesce(:pen, :release) IS NULL
UNION ALL
SELECT 'invalid', 'The pen that comes is the one that leaves.', 'release' WHERE :pen = :release
UNION ALL
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session'
FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'missing', printf('Session #%d has ended: say from when, and until when if not to its end.', id), 'at'
FROM session WHERE id = :session AND end_us IS NOT NULL AND :at IS NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:said_us, coalesce(:until, 0)))), 'at'
WHERE max(:said_us, coalesce(:until, 0)) > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: that lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'at'
FROM session WHERE id = :session AND (:said_us < start_us OR (:pen IS NOT NULL AND :said_us >= end_us) OR :said_us > end_us OR :until > end_us)
UNION ALL
SELECT 'invalid', 'The pen''s time ends after it began.', 'until' WHERE :until <= :from_us
UNION ALL
SELECT 'not_found', printf('Session #%d does not hold pen %s then.', :session, serial), 'release'
FROM pen WHERE id = :release AND :released IS NULL
UNION ALL
SELECT 'conflict', printf('Pen %s is held by session #%d of client %s %s.', n.serial, s.id, coalesce(s.client_number, 'nobody named yet'),
	iif(a.to_us IS NULL, 'since ' || local_time(a.from_us) || ': end it, or release the pen there',
		'from ' || local_time(a.from_us) || ' to ' || local_time(a.to_us))), 'pen'
FROM assignment a JOIN sessions s ON s.id = a.session JOIN pen n ON n.id = a.pen
WHERE a.pen = :pen AND a.void IS NULL AND (a.to_us IS NULL OR a.to_us > :from_us) AND (:to_us IS NULL OR a.from_us < :to_us)

--: apply
INSERT INTO relink (pen, from_us, to_us, session)
SELECT pen, min(from_us, :said_us), to_us, session FROM assignment WHERE id = :released;
UPDATE assignment SET to_us = max(from_us, :said_us), run = :going, void = iif(:taken_back, :entry, NULL), entry = :entry WHERE id = :released;
INSERT INTO assignment (id, session, pen, from_us, to_us, entry)
SELECT :assignment, :session, :pen, :from_us, :to_us, :entry WHERE :pen IS NOT NULL;
INSERT INTO relink (pen, from_us, to_us, session) SELECT :pen, :from_us, :to_us, :session WHERE :pen IS NOT NULL;
UPDATE session SET entry = :entry WHERE id = :session;

--: answer
SELECT :from_us AS pen_from, :to_us AS pen_to, coalesce(:from_us < :said_us, 0) AS backdated
