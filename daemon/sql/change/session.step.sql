-- SPDX-License-Identifier: MIT
-- doc: A step of a session is done, or begins.
-- role: operator
-- noun: step
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: kind text required values=colour_match|clean_shave|dermaroller|pigment|evening|sealant|aftercare -- Which step.
-- param: at time -- When; without it, now.
-- param: note text personal max=4096 -- Free text.
-- guard: session
-- column: at time -- When.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM step) AS step, coalesce(:at, :at_us) AS done_us

--: check
SELECT 'conflict', printf('Session #%d was taken back as a mistake.', id), 'session'
FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'missing', printf('Session #%d has ended: say when the step was.', id), 'at'
FROM session WHERE id = :session AND end_us IS NOT NULL AND :at IS NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:done_us)), 'at' WHERE :done_us > :at_us + 300000000
UNION ALL
SELECT 'invalid', printf('Session #%d was from %s to %s: that lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now')), 'at'
FROM session WHERE id = :session AND (:done_us < start_us OR :done_us > end_us)

--: apply
INSERT INTO step (id, session, kind, at_us, note_entry, entry) VALUES (:step, :session, :kind, :done_us, :note, :entry);

--: answer
SELECT :done_us AS at
