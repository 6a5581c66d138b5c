-- SPDX-License-Identifier: MIT
-- doc: Takes an adverse event back as a mistake. It stays in the history.
-- role: operator
-- noun: reaction
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
-- about: client
-- reason: required

--: let
SELECT client AS client FROM reaction WHERE id = :reaction

--: check
SELECT 'conflict', printf('Reaction #%d was taken back already.', id), 'reaction'
FROM reaction WHERE id = :reaction AND void IS NOT NULL

--: apply
UPDATE reaction SET void = :entry, entry = :entry WHERE id = :reaction;
