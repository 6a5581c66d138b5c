-- SPDX-License-Identifier: MIT
-- doc: A pen's button began a session. Who sits there, somebody says afterwards.
-- role: daemon
-- noun: session
-- param: pen ref:pen required -- The pen.
-- param: at time required -- When the button was pressed.
-- about: pen
-- column: start time -- When it began.
-- column: pen_from time -- From when the pen's machine time belongs to it.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM session) AS session,
	(SELECT coalesce(max(id), 0) + 1 FROM assignment) AS assignment,
	min(:at, max(
		coalesce((SELECT r.earliest_us FROM run r
			WHERE r.pen = :pen AND r.start_us <= :at AND r.session IS NULL AND r.attribution = 0
				AND iif(r.state = 0, r.latest_us >= :at - 120000000, r.end_us > :at)
			ORDER BY r.start_us DESC LIMIT 1), :at),
		coalesce((SELECT a.to_us FROM assignment a WHERE a.pen = :pen AND a.void IS NULL AND a.from_us <= :at
			ORDER BY a.from_us DESC LIMIT 1), 0))) AS from_us

--: let
SELECT local_day(:from_us) AS day

--: check
SELECT 'conflict', printf('Pen %s is held by session #%d since %s.', n.serial, a.session, local_time(a.from_us)), 'pen'
FROM assignment a JOIN pen n ON n.id = a.pen
WHERE a.pen = :pen AND a.void IS NULL AND (a.to_us IS NULL OR a.to_us > :from_us)

--: apply
INSERT INTO session (id, kind, start_us, day, state, started_by, entry)
VALUES (:session, 'build', :from_us, :day, 'open', 'button', :entry);
INSERT INTO assignment (id, session, pen, from_us, entry) VALUES (:assignment, :session, :pen, :from_us, :entry);
INSERT INTO relink (pen, from_us, session) VALUES (:pen, :from_us, :session);

--: answer
SELECT :from_us AS start, :from_us AS pen_from
