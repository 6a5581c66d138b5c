-- SPDX-License-Identifier: MIT
-- doc: Records that an adverse event was followed up, and what was found.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
-- param: follow_up text personal required min=1 max=4096 -- What was found, and what was done. Earlier ones stay in the history.
-- param: followed_up time -- When; without it, now.
-- about: client

--: let
SELECT client AS client, coalesce(:followed_up, :at_us) AS seen_us FROM reaction WHERE id = :reaction

--: check
SELECT 'conflict', printf('Reaction #%d was taken back as a mistake.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Reaction #%d was closed on %s: reopen it first.', id, local_time(closed_us)), 'reaction'
FROM reaction WHERE id = :reaction AND closed_us IS NOT NULL
UNION ALL
SELECT 'invalid', printf('It was noticed on %s and cannot have been followed up before, on %s.', local_time(at_us), local_time(:seen_us)), 'followed_up'
FROM reaction WHERE id = :reaction AND at_us > :seen_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:seen_us)), 'followed_up'
WHERE :seen_us > :at_us + 300000000

--: apply
UPDATE reaction SET followed_up_us = :seen_us, follow_up_entry = :follow_up, entry = :entry WHERE id = :reaction;
