-- SPDX-License-Identifier: MIT
-- doc: Records that a client signed a consent, and whether the risks were explained.
-- role: operator
-- noun: consent
-- param: client ref:client required -- Record number, or name.
-- param: risks bool required -- Whether the risks were explained.
-- param: form text values=written|verbal default=written -- How it was given.
-- param: form_version text max=60 -- Of the form that was signed.
-- param: course ref:course -- The course that it is for; without course and session it holds for the client until it is withdrawn.
-- param: session ref:session -- The session that it is for.
-- param: practitioner ref:practitioner -- Who explained and countersigned; without it, who is at the keyboard.
-- param: at time -- When it was signed; without it, now.
-- param: note text personal max=4096 -- Free text.
-- about: client course session signed_with=practitioner
-- guard: session

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM consent) AS consent, coalesce(:at, :at_us) AS signed_us,
	coalesce(:practitioner, :on_behalf_of, (SELECT id FROM practitioner WHERE user_name = :actor AND active)) AS signed_with

--: check
SELECT 'invalid', printf('%s is in the future.', local_time(:signed_us)), 'at'
WHERE :signed_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Course #%d is of client #%d, not of client #%d.', id, client, :client), 'course'
FROM course WHERE id = :course AND client <> :client
UNION ALL
SELECT 'conflict', printf('Session #%d of %s is of client #%d, not of client #%d.', id, local_time(start_us), client, :client), 'session'
FROM session WHERE id = :session AND client <> :client
UNION ALL
SELECT 'conflict', printf('Session #%d is not of course #%d.', id, :course), 'session'
FROM session WHERE id = :session AND course IS NOT :course AND :course IS NOT NULL

--: apply
INSERT INTO consent (id, kind, client, course, session, form, risks, form_version, at_us, practitioner, note_entry, entry)
VALUES (:consent, 'consent', :client, :course, :session, :form, :risks, :form_version, :signed_us, :signed_with, :note, :entry);
