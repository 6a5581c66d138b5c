-- SPDX-License-Identifier: MIT
-- doc: Corrects the times of a pause.
-- role: operator
-- noun: pause
-- param: pause ref:pause required -- Its number.
-- param: from time -- When it began.
-- param: to time -- When it ended.
-- guard: of_session=session
-- reason: correction
-- same: nothing
-- column: start time -- When it began.
-- column: end time -- When it ended; null while it lasts.

--: let
SELECT session AS of_session, coalesce(:from, from_us) AS new_from_us, coalesce(:to, to_us) AS new_to_us FROM pause WHERE id = :pause

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL WHERE coalesce(:from, :to) IS NULL
UNION ALL
SELECT 'conflict', printf('Pause #%d was taken back as a mistake.', id), 'pause' FROM pause WHERE id = :pause AND void IS NOT NULL
UNION ALL
SELECT 'invalid', 'A pause ends after it began.', 'to' WHERE :new_to_us <= :new_from_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:new_from_us, coalesce(:new_to_us, 0)))), 'from'
WHERE max(:new_from_us, coalesce(:new_to_us, 0)) > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: the pause lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'from'
FROM session WHERE id = :of_session AND (:new_from_us < start_us OR :new_from_us >= end_us OR :new_to_us > end_us)
UNION ALL
SELECT 'conflict', printf('There is a pause from %s to %s.', local_time(from_us), coalesce(local_time(to_us), 'now')), 'from'
FROM pause
WHERE session = :of_session AND id <> :pause AND void IS NULL AND (to_us IS NULL OR to_us > :new_from_us)
	AND (:new_to_us IS NULL OR from_us < :new_to_us)

--: apply
UPDATE pause SET from_us = :new_from_us, to_us = :new_to_us, entry = :entry WHERE id = :pause;

--: answer
SELECT :new_from_us AS start, :new_to_us AS "end"
