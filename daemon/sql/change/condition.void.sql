-- SPDX-License-Identifier: MIT
-- doc: Takes a condition, allergy or treatment back as a mistake. It stays in the history.
-- role: operator
-- noun: condition
-- param: condition ref:condition required -- Its number, or the client when there is only one.
-- about: client
-- reason: required

--: let
SELECT client AS client FROM condition WHERE id = :condition

--: check
SELECT 'conflict', printf('Condition #%d was taken back already.', id), 'condition'
FROM condition WHERE id = :condition AND void IS NOT NULL

--: apply
UPDATE condition SET void = :entry, entry = :entry WHERE id = :condition;
