-- SPDX-License-Identifier: MIT
-- doc: Closes an adverse event: it needs no more following up.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
-- param: closed time -- When it was over; without it, now.
-- about: client

--: let
SELECT client AS client, coalesce(:closed, :at_us) AS over_us FROM reaction WHERE id = :reaction

--: check
SELECT 'conflict', printf('Reaction #%d was taken back as a mistake.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Reaction #%d was closed already, on %s.', id, local_time(closed_us)), 'reaction'
FROM reaction WHERE id = :reaction AND closed_us IS NOT NULL
UNION ALL
SELECT 'missing', printf('Reaction #%d was never followed up: record that first.', id), 'reaction'
FROM reaction WHERE id = :reaction AND followed_up_us IS NULL
UNION ALL
SELECT 'invalid', printf('It was followed up on %s and cannot have been closed before, on %s.', local_time(followed_up_us), local_time(:over_us)), 'closed'
FROM reaction WHERE id = :reaction AND followed_up_us > :over_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:over_us)), 'closed'
WHERE :over_us > :at_us + 300000000

--: apply
UPDATE reaction SET closed_us = :over_us, entry = :entry WHERE id = :reaction;
