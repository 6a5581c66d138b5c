-- SPDX-License-Identifier: MIT
-- doc: Takes a record of aftercare back as a mistake. It stays in the history.
-- role: operator
-- noun: consent
-- param: consent ref:aftercare required -- Its number, or the client when there is only one that stands.
-- about: client
-- guard: of_session=session
-- reason: required

--: let
SELECT client AS client, session AS of_session FROM consent WHERE id = :consent

--: check
SELECT 'invalid', printf('Record #%d is a consent: take it back with consent.void.', id), 'consent'
FROM consent WHERE id = :consent AND kind <> 'aftercare'
UNION ALL
SELECT 'conflict', printf('Record #%d was taken back already.', id), 'consent'
FROM consent WHERE id = :consent AND void IS NOT NULL

--: apply
UPDATE consent SET void = :entry, entry = :entry WHERE id = :consent;
