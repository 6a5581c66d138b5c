-- SPDX-License-Identifier: MIT
-- doc: Records that a client withdrew a consent. It held until then.
-- role: operator
-- noun: consent
-- param: consent ref:consent required -- Its number, or the client when there is only one that stands.
-- param: withdrawn time -- When it was withdrawn; without it, now.
-- about: client

--: let
SELECT client AS client, coalesce(:withdrawn, :at_us) AS ended_us FROM consent WHERE id = :consent

--: check
SELECT 'invalid', printf('Record #%d is of aftercare, not a consent: nothing is to be withdrawn.', id), 'consent'
FROM consent WHERE id = :consent AND kind <> 'consent'
UNION ALL
SELECT 'conflict', printf('Consent #%d was taken back as a mistake.', id), 'consent'
FROM consent WHERE id = :consent AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Consent #%d was withdrawn already, on %s.', id, local_time(withdrawn_us)), 'consent'
FROM consent WHERE id = :consent AND withdrawn_us IS NOT NULL
UNION ALL
SELECT 'invalid', printf('Consent #%d was signed on %s: it cannot have been withdrawn before, on %s.', id, local_time(at_us), local_time(:ended_us)), 'withdrawn'
FROM consent WHERE id = :consent AND at_us > :ended_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:ended_us)), 'withdrawn'
WHERE :ended_us > :at_us + 300000000

--: apply
UPDATE consent SET withdrawn_us = :ended_us, entry = :entry WHERE id = :consent;
