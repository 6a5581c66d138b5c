-- SPDX-License-Identifier: MIT
-- doc: Corrects a step of a session.
-- role: operator
-- noun: step
-- param: step ref:step required -- Its number.
-- param: kind text values=colour_match|clean_shave|dermaroller|pigment|evening|sealant|aftercare -- Which step.
-- param: at time -- When.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- param: clear list values=note -- What is to hold nothing again.
-- guard: of_session=session
-- reason: correction
-- same: nothing
-- column: at time -- When.

--: let
SELECT session AS of_session, coalesce(:at, at_us) AS new_at_us FROM step WHERE id = :step

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL WHERE coalesce(:kind, :at, :note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Step #%d was taken back as a mistake.', id), 'step' FROM step WHERE id = :step AND void IS NOT NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:new_at_us)), 'at' WHERE :new_at_us > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: that lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'at'
FROM session WHERE id = :of_session AND (:new_at_us < start_us OR :new_at_us > end_us)

--: apply
UPDATE step SET
	kind = coalesce(:kind, kind),
	at_us = :new_at_us,
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :step;

--: answer
SELECT :new_at_us AS at
