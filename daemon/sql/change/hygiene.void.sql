-- SPDX-License-Identifier: MIT
-- doc: Takes a hygiene event back as a mistake. It stays in the history.
-- role: operator
-- noun: hygiene
-- param: hygiene ref:hygiene required -- Its number, or the pen or place, for the newest there.
-- about: pen place of_session=session
-- guard: of_session=session
-- reason: required

--: let
SELECT pen AS pen, place AS place, session AS of_session FROM hygiene WHERE id = :hygiene

--: check
SELECT 'conflict', printf('Event #%d was taken back already.', id), 'hygiene'
FROM hygiene WHERE id = :hygiene AND void IS NOT NULL

--: apply
UPDATE hygiene SET void = :entry, entry = :entry WHERE id = :hygiene;
