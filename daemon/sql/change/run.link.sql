-- SPDX-License-Identifier: MIT
-- doc: Says by hand that motor runs belong to a session: named ones, or those of a pen and a period that belong to nobody.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: runs list max=20 -- Numbers of runs. One that is another session's moves.
-- param: pen ref:pen -- With since and until instead: all of its runs that began then and belong to nobody.
-- param: since time -- From when.
-- param: until time -- To when.
-- about: pen
-- guard: session other_session=session
-- reason: required
-- column: linked int -- How many runs were linked.
-- column: cycles int -- Their needle cycles.
-- column: on_time_s real:3 -- Their motor-on time, seconds.

--: let
SELECT nullif(json_group_array(id), '[]') AS run_ids FROM (
	SELECT DISTINCT CAST(ltrim(value, '#') AS INTEGER) AS id FROM json_each(:runs) WHERE value GLOB '[#0-9]*'
	UNION
	SELECT id FROM run INDEXED BY run_pen_start
	WHERE :runs IS NULL AND pen = :pen AND start_us >= :since AND start_us < :until AND session IS NULL AND attribution <> 3 AND state <> 0
	ORDER BY id)

--: let
SELECT max(session) AS other_session
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND session <> :session

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
SELECT 'not_found', 'No run of the pen began then that belongs to nobody.', 'since' WHERE :run_ids IS NULL
UNION ALL
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session' FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'conflict', printf('Run #%d is still open: it can be linked when it has been read to its end.', id), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND state = 0
UNION ALL
SELECT 'conflict', printf('Run #%d is in session #%d already.', id, session), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND session = :session
UNION ALL
SELECT 'conflict', printf('These runs are in %d other sessions: link those of one at a time.', count(DISTINCT session)), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND session <> :session HAVING count(DISTINCT session) > 1
UNION ALL
SELECT 'conflict', printf('Run #%d, from %s to %s, is only partly in that time: link it by its number, or say other times.', id, local_time(start_us),
	local_time(end_us)), 'since'
FROM run INDEXED BY run_pen_start
WHERE :runs IS NULL AND pen = :pen AND start_us < :until AND start_us >= :since - 86400000000 AND session IS NULL AND attribution <> 3 AND state <> 0
	AND ((start_us < :since AND end_us > :since) OR end_us > :until)
UNION ALL
SELECT 'invalid', printf('Run #%d is of %s, session #%d of %s: they cannot belong together.', r.id, local_time(r.start_us), s.id, local_time(s.start_us)), 'runs'
FROM session s JOIN run r ON r.id IN (SELECT value FROM json_each(:run_ids))
WHERE s.id = :session AND (r.latest_us < s.start_us - 43200000000 OR r.earliest_us > coalesce(s.end_us, :at_us) + 43200000000)

--: apply
UPDATE run SET session = :session, attribution = 2, dismissed = NULL, attribution_entry = :entry WHERE id IN (SELECT value FROM json_each(:run_ids));
INSERT INTO about (noun, id, entry, subject) SELECT 'run', value, :entry, 1 FROM json_each(:run_ids);
UPDATE session SET entry = :entry WHERE id IN (:session, :other_session);

--: answer
SELECT count(*) AS linked, coalesce(sum(cycles), 0) AS cycles, coalesce(sum(coalesce(on_time_us, tick_end_us - tick_start_us)), 0) / 1e6 AS on_time_s
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids))
