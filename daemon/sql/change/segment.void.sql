-- SPDX-License-Identifier: MIT
-- doc: Takes work on a zone of a session back as a mistake. It stays in the history.
-- role: operator
-- noun: segment
-- param: segment ref:segment required -- Its number.
-- guard: of_session=session
-- reason: required

--: let
SELECT session AS of_session FROM segment WHERE id = :segment

--: check
SELECT 'conflict', printf('%s #%d was taken back already.', 'Work on a zone', id), 'segment'
FROM segment WHERE id = :segment AND void IS NOT NULL

--: apply
UPDATE segment SET void = :entry, entry = :entry WHERE id = :segment;
