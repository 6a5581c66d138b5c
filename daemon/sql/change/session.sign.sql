-- SPDX-License-Identifier: MIT
-- doc: Signs a session: what it says is right and complete. From then on it changes by amendment only.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client when there is only one.
-- param: practitioner ref:practitioner -- Who signs; without it, who is at the keyboard.
-- param: incomplete bool -- Sign although something is missing; wants a reason.
-- about: signer=practitioner
-- column: signed time -- When it was signed.
-- column: signed_by int -- Number of the practitioner who signed.
-- column: missing json -- What was missing all the same: [{what, hint},...].

-- gaps: what was missing when it was signed.
--: let
SELECT coalesce(:practitioner, :on_behalf_of, (SELECT min(id) FROM practitioner WHERE active AND user_name = :actor)) AS signer,
	(SELECT nullif(json_group_array(what), '[]') FROM session_gaps WHERE session = :session) AS gaps

--: check
SELECT 'conflict', CASE state
	WHEN 'open' THEN printf('Session #%d is open: end it first.', id)
	WHEN 'signed' THEN printf('Session #%d was signed at %s.', id, local_time(signed_us))
	ELSE printf('Session #%d was taken back as a mistake.', id) END, 'session'
FROM session WHERE id = :session AND state <> 'closed'
UNION ALL
SELECT 'missing', 'Say who signs.', 'practitioner' WHERE :signer IS NULL
UNION ALL
SELECT 'conflict', printf('%s works here no longer.', name), 'practitioner' FROM practitioner WHERE id = :signer AND NOT active
UNION ALL
SELECT 'missing', printf('Session #%d has nobody in it: session change, with the client.', id), 'session'
FROM session WHERE id = :session AND client IS NULL
UNION ALL
SELECT 'missing', printf('Session #%d lacks %s: session missing says what to do.', :session, group_concat(what, ', ')), 'incomplete'
FROM (SELECT DISTINCT what FROM session_gaps WHERE session = :session) WHERE NOT coalesce(:incomplete, 0) HAVING count(*) > 0
UNION ALL
SELECT 'missing', 'Say why it is signed although something is missing.', 'reason' WHERE :gaps IS NOT NULL AND :reason IS NULL

--: apply
UPDATE session SET state = 'signed', signed_us = :at_us, signed_by = :signer, entry = :entry WHERE id = :session;

--: answer
SELECT :at_us AS signed, :signer AS signed_by,
	(SELECT json_group_array(json_object('what', what, 'hint', hint)) FROM session_gaps WHERE session = :session) AS missing
