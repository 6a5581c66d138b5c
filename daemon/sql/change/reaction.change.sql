-- SPDX-License-Identifier: MIT
-- doc: Corrects what is known of an adverse event.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
-- param: kind text values=allergic|infection|migration|colour_shift|fading|blood_exposure|other -- What it is.
-- param: severity text values=mild|moderate|severe -- How bad it is.
-- param: cause text values=ink|unsterile|aftercare|too_deep|too_shallow|unknown|other -- What is thought to be its cause.
-- param: session ref:session -- The session that it follows from.
-- param: note text personal max=4096 -- What was seen and done, in place of what stands there.
-- param: clear list values=cause|session|note -- What is to hold nothing again.
-- about: client session
-- reason: correction
-- same: nothing

--: let
SELECT client AS client FROM reaction WHERE id = :reaction

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:kind, :severity, :cause, :session, :note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Reaction #%d was taken back: add it anew.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Session #%d of %s is of client #%d, not of client #%d.', id, local_time(start_us), client, :client), 'session'
FROM session WHERE id = :session AND client <> :client

--: apply
UPDATE reaction SET
	kind = coalesce(:kind, kind), severity = coalesce(:severity, severity),
	cause = iif('cause' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:cause, cause)),
	session = iif('session' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:session, session)),
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :reaction;
