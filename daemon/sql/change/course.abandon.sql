-- SPDX-License-Identifier: MIT
-- doc: Gives a course up before it is completed.
-- role: operator
-- noun: course
-- param: course ref:course required -- Its number; the client when there is only one; or client/1 for the client's first.
-- about: client
-- reason: required

--: let
SELECT client AS client FROM course WHERE id = :course

--: check
SELECT 'conflict', printf('Course #%d is %s already.', id, state), 'course'
FROM course WHERE id = :course AND state IN ('completed', 'abandoned')
UNION ALL
SELECT 'conflict', printf('Session #%d of this course is open: end it first.', id), 'course'
FROM session WHERE course = :course AND state = 'open'

--: apply
UPDATE course SET state = 'abandoned', entry = :entry WHERE id = :course;
