-- SPDX-License-Identifier: MIT
-- doc: Takes motor runs out of a session: they belong to nobody then, until somebody links or dismisses them. A dismissed run is
-- doc: nobody's again too.
-- role: operator
-- noun: run
-- param: runs list max=20 -- Numbers of runs, all of one session.
-- param: pen ref:pen -- With since and until instead: all of its runs that began then, all of one session.
-- param: since time -- From when.
-- param: until time -- To when.
-- param: by_time bool -- Let their times decide again, as if nobody had said anything.
-- about: pen from_session=session
-- guard: from_session=session
-- reason: required
-- column: unlinked int -- How many runs were taken out.
-- column: session int -- The session that they were in; null when they had been dismissed.

--: let
SELECT nullif(json_group_array(id), '[]') AS run_ids, min(id) AS run FROM (
	SELECT DISTINCT CAST(ltrim(value, '#') AS INTEGER) AS id FROM json_each(:runs) WHERE value GLOB '[#0-9]*'
	UNION
	SELECT id FROM run INDEXED BY run_pen_start
	WHERE :runs IS NULL AND pen = :pen AND start_us >= :since AND start_us < :until AND (session IS NOT NULL OR attribution = 3) AND state <> 0
	ORDER BY id)

--: let
SELECT max(session) AS from_session
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids))

--: check
SELECT 'missing', 'Say which runs: their numbers, or a pen with since and until.', 'runs'
WHERE :runs IS NULL AND (:pen IS NULL OR :since IS NULL OR :until IS NULL)
UNION ALL
SELECT 'invalid', 'Say either which runs, or a pen with since and until.', 'pen' WHERE :runs IS NOT NULL AND coalesce(:pen, :since, :until) IS NOT NULL
UNION ALL
SELECT 'invalid', printf('"%s" is no number of a run.', value), 'runs' FROM json_each(:runs) WHERE ltrim(value, '#') GLOB '*[^0-9]*' OR ltrim(value, '#') = ''
UNION ALL
SELECT 'not_found', printf('There is no run #%d.', value), 'runs' FROM json_each(:run_ids) WHERE value NOT IN (SELECT id FROM run)
UNION ALL
SELECT 'not_found', 'No run of the pen began then that belongs to a session, or was dismissed.', 'since' WHERE :run_ids IS NULL
UNION ALL
SELECT 'conflict', printf('Run #%d is still open: it can be unlinked when it has been read to its end.', id), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND state = 0
UNION ALL
SELECT 'conflict', printf('Run #%d belongs to no session.', id), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND session IS NULL AND attribution <> 3 AND NOT (attribution = 2 AND coalesce(:by_time, 0))
UNION ALL
SELECT 'conflict', printf('These runs are of %d sessions: unlink those of one at a time.', count(DISTINCT session)), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) HAVING count(DISTINCT session) > 1

--: apply
UPDATE run SET session = NULL, attribution = iif(coalesce(:by_time, 0), 0, 2), dismissed = NULL, attribution_entry = :entry
WHERE id IN (SELECT value FROM json_each(:run_ids));
INSERT INTO relink (pen, from_us, to_us, session)
SELECT pen, earliest_us, latest_us, :from_session FROM run
WHERE id IN (SELECT value FROM json_each(:run_ids)) AND earliest_us IS NOT NULL AND coalesce(:by_time, 0);
INSERT INTO about (noun, id, entry, subject) SELECT 'run', value, :entry, 1 FROM json_each(:run_ids) WHERE value <> :run;
UPDATE session SET entry = :entry WHERE id = :from_session;

--: answer
SELECT json_array_length(:run_ids) AS unlinked, :from_session AS session
