-- SPDX-License-Identifier: MIT
-- doc: Writes down why motor runs belong to no client: named ones, or those of a pen and a period that belong to nobody.
-- role: operator
-- noun: run
-- param: runs list max=20 -- Numbers of runs.
-- param: pen ref:pen -- With since and until instead: all of its runs that began then and belong to nobody.
-- param: since time -- From when.
-- param: until time -- To when.
-- param: kind text required values=test|training|service|other -- What they were.
-- about: pen
-- reason: required
-- column: dismissed int -- How many runs were dismissed.
-- column: cycles int -- Their needle cycles.
-- column: on_time_s real:3 -- Their motor-on time, seconds.

--: let
SELECT nullif(json_group_array(id), '[]') AS run_ids, min(id) AS run FROM (
	SELECT DISTINCT CAST(ltrim(value, '#') AS INTEGER) AS id FROM json_each(:runs) WHERE value GLOB '[#0-9]*'
	UNION
	SELECT id FROM run INDEXED BY run_pen_start
	WHERE :runs IS NULL AND pen = :pen AND start_us >= :since AND start_us < :until AND session IS NULL AND attribution <> 3 AND state <> 0
	ORDER BY id)

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
SELECT 'conflict', printf('Run #%d is still open: it can be dismissed when it has been read to its end.', id), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND state = 0
UNION ALL
SELECT 'conflict', printf('Run #%d belongs to session #%d: run unlink first.', id, session), 'runs'
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids)) AND session IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Run #%d, from %s to %s, is only partly in that time: dismiss it by its number, or say other times.', id, local_time(start_us),
	local_time(end_us)), 'since'
FROM run INDEXED BY run_pen_start
WHERE :runs IS NULL AND pen = :pen AND start_us < :until AND start_us >= :since - 86400000000 AND session IS NULL AND attribution <> 3 AND state <> 0
	AND ((start_us < :since AND end_us > :since) OR end_us > :until)

--: apply
UPDATE run SET session = NULL, attribution = 3, dismissed = :kind, attribution_entry = :entry WHERE id IN (SELECT value FROM json_each(:run_ids));
INSERT INTO about (noun, id, entry, subject) SELECT 'run', value, :entry, 1 FROM json_each(:run_ids) WHERE value <> :run;

--: answer
SELECT count(*) AS dismissed, coalesce(sum(cycles), 0) AS cycles, coalesce(sum(coalesce(on_time_us, tick_end_us - tick_start_us)), 0) / 1e6 AS on_time_s
FROM run WHERE id IN (SELECT value FROM json_each(:run_ids))
