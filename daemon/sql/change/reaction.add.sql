-- SPDX-License-Identifier: MIT
-- doc: Records an adverse event: what was noticed, how bad it is, and what is thought to be its cause.
-- role: operator
-- noun: reaction
-- param: client ref:client required -- Record number, or name.
-- param: kind text required values=allergic|infection|migration|colour_shift|fading|blood_exposure|other -- What it is.
-- param: severity text required values=mild|moderate|severe -- How bad it is.
-- param: cause text values=ink|unsterile|aftercare|too_deep|too_shallow|unknown|other -- What is thought to be its cause.
-- param: session ref:session -- The session that it follows from.
-- param: at time -- When it was noticed; without it, now.
-- param: note text personal max=4096 -- What was seen, and what was done.
-- about: client session

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM reaction) AS reaction, coalesce(:at, :at_us) AS noticed_us

--: check
SELECT 'missing', 'A reaction of kind other says nothing by itself: add a note.', 'note'
WHERE :kind = 'other' AND :note IS NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:noticed_us)), 'at'
WHERE :noticed_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Session #%d of %s is of client #%d, not of client #%d.', id, local_time(start_us), client, :client), 'session'
FROM session WHERE id = :session AND client <> :client
UNION ALL
SELECT 'invalid', printf('Session #%d began on %s: what was noticed before, on %s, does not follow from it.', id, local_time(start_us), local_time(:noticed_us)), 'at'
FROM session WHERE id = :session AND start_us > :noticed_us

--: apply
INSERT INTO reaction (id, client, session, kind, cause, severity, at_us, note_entry, entry)
VALUES (:reaction, :client, :session, :kind, :cause, :severity, :noticed_us, :note, :entry);
