-- SPDX-License-Identifier: MIT
-- doc: Takes a step of a session back as a mistake. It stays in the history.
-- role: operator
-- noun: step
-- param: step ref:step required -- Its number.
-- guard: of_session=session
-- reason: required

--: let
SELECT session AS of_session FROM step WHERE id = :step

--: check
SELECT 'conflict', printf('%s #%d was taken back already.', 'A step', id), 'step'
FROM step WHERE id = :step AND void IS NOT NULL

--: apply
UPDATE step SET void = :entry, entry = :entry WHERE id = :step;
