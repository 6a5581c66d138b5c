-- SPDX-License-Identifier: MIT
-- doc: Takes up an adverse event again that was closed.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number.
-- about: client
-- reason: required

--: let
SELECT client AS client FROM reaction WHERE id = :reaction

--: check
SELECT 'conflict', printf('Reaction #%d was taken back as a mistake.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Reaction #%d is open.', id), 'reaction'
FROM reaction WHERE id = :reaction AND closed_us IS NULL

--: apply
UPDATE reaction SET closed_us = NULL, entry = :entry WHERE id = :reaction;
