-- SPDX-License-Identifier: MIT
-- doc: Takes a pause of a session back as a mistake. It stays in the history.
-- role: operator
-- noun: pause
-- param: pause ref:pause required -- Its number.
-- guard: of_session=session
-- reason: required

--: let
SELECT session AS of_session FROM pause WHERE id = :pause

--: check
SELECT 'conflict', printf('%s #%d was taken back already.', 'A pause', id), 'pause'
FROM pause WHERE id = :pause AND void IS NOT NULL

--: apply
UPDATE pause SET void = :entry, entry = :entry WHERE id = :pause;
