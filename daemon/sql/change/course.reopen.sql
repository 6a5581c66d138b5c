-- SPDX-License-Identifier: MIT
-- doc: Takes up a course again that was completed or given up.
-- role: operator
-- noun: course
-- param: course ref:course required -- Its number; the client when there is only one; or client/1 for the client's first.
-- about: client
-- reason: required

--: let
SELECT client AS client, iif(EXISTS (SELECT 1 FROM session WHERE course = :course AND state <> 'void'), 'active', 'planned') AS state_after
FROM course WHERE id = :course

--: check
SELECT 'conflict', printf('Course #%d is %s, and needs no reopening.', id, state), 'course'
FROM course WHERE id = :course AND state IN ('planned', 'active')

--: apply
UPDATE course SET state = :state_after, completed_us = NULL, entry = :entry
WHERE id = :course;
