-- SPDX-License-Identifier: MIT
-- doc: Records that a client was told how to care for the skin, or given it in writing. Both are wanted, so it is two records.
-- role: operator
-- noun: consent
-- param: client ref:client required -- Record number, or name.
-- param: form text required values=verbal|written -- A talk, or a leaflet.
-- param: form_version text max=60 -- Of the leaflet.
-- param: session ref:session -- The session after which it was; without it, the client's session that is open or ended last, within a day.
-- param: practitioner ref:practitioner -- Who talked, or handed it out; without it, who is at the keyboard.
-- param: at time -- When; without it, now.
-- param: note text personal max=4096 -- Free text.
-- about: client of_session=session given_by=practitioner
-- guard: of_session=session
-- column: session int -- The session that it was counted to; null for none.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM consent) AS consent, coalesce(:at, :at_us) AS given_us,
	coalesce(:practitioner, :on_behalf_of, (SELECT id FROM practitioner WHERE user_name = :actor AND active)) AS given_by,
	coalesce(:session, (SELECT id FROM session
		WHERE client = :client AND start_us <= coalesce(:at, :at_us) AND coalesce(end_us, :at_us) >= coalesce(:at, :at_us) - 86400000000
			AND state <> 'signed'
		ORDER BY start_us DESC LIMIT 1)) AS of_session

--: check
SELECT 'invalid', printf('%s is in the future.', local_time(:given_us)), 'at'
WHERE :given_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Session #%d of %s is of client #%d, not of client #%d.', id, local_time(start_us), client, :client), 'session'
FROM session WHERE id = :session AND client <> :client

--: apply
INSERT INTO consent (id, kind, client, session, form, form_version, at_us, practitioner, note_entry, entry)
VALUES (:consent, 'aftercare', :client, :of_session, :form, :form_version, :given_us, :given_by, :note, :entry);

--: answer
SELECT :of_session AS session
