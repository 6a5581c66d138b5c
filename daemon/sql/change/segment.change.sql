-- SPDX-License-Identifier: MIT
-- doc: Corrects which zone was worked on, or when.
-- role: operator
-- noun: segment
-- param: segment ref:segment required -- Its number.
-- param: zone text values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where.
-- param: from time -- When it began.
-- param: to time -- When it ended.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- param: clear list values=note -- What is to hold nothing again.
-- guard: of_session=session
-- reason: correction
-- same: nothing
-- column: start time -- When it began.
-- column: end time -- When it ended; null while it lasts.

--: let
SELECT session AS of_session, coalesce(:from, from_us) AS new_from_us, coalesce(:to, to_us) AS new_to_us FROM segment WHERE id = :segment

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL WHERE coalesce(:zone, :from, :to, :note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Segment #%d was taken back as a mistake.', id), 'segment' FROM segment WHERE id = :segment AND void IS NOT NULL
UNION ALL
SELECT 'invalid', 'Work on a zone ends after it began.', 'to' WHERE :new_to_us <= :new_from_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(max(:new_from_us, coalesce(:new_to_us, 0)))), 'from'
WHERE max(:new_from_us, coalesce(:new_to_us, 0)) > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: that lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'from'
FROM session WHERE id = :of_session AND (:new_from_us < start_us OR :new_from_us >= end_us OR :new_to_us > end_us)
UNION ALL
SELECT 'conflict', printf('Zone %s is recorded from %s to %s.', zone, local_time(from_us), coalesce(local_time(to_us), 'now')), 'from'
FROM segment
WHERE session = :of_session AND id <> :segment AND void IS NULL AND (to_us IS NULL OR to_us > :new_from_us)
	AND (:new_to_us IS NULL OR from_us < :new_to_us)

--: apply
UPDATE segment SET
	zone = coalesce(:zone, zone),
	from_us = :new_from_us,
	to_us = :new_to_us,
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :segment;

--: answer
SELECT :new_from_us AS start, :new_to_us AS "end"
