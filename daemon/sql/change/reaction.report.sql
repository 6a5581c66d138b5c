-- SPDX-License-Identifier: MIT
-- doc: Records that an adverse event was reported, and to whom.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
-- param: reported_to text personal required min=1 max=500 -- To whom.
-- param: reported time -- When; without it, now.
-- about: client
-- reason: correction

--: let
SELECT client AS client, coalesce(:reported, :at_us) AS told_us FROM reaction WHERE id = :reaction

--: check
SELECT 'conflict', printf('Reaction #%d was taken back as a mistake.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL
UNION ALL
SELECT 'invalid', printf('It was noticed on %s and cannot have been reported before, on %s.', local_time(at_us), local_time(:told_us)), 'reported'
FROM reaction WHERE id = :reaction AND at_us > :told_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:told_us)), 'reported'
WHERE :told_us > :at_us + 300000000

--: apply
UPDATE reaction SET reported_us = :told_us, reported_to_entry = :reported_to, entry = :entry WHERE id = :reaction;
