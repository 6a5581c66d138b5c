-- SPDX-License-Identifier: MIT
-- doc: Completes a course: what was planned is done.
-- role: operator
-- noun: course
-- param: course ref:course required -- Its number; the client when there is only one; or client/1 for the client's first.
-- param: completed time -- When it was completed; without it, now.
-- about: client

--: let
SELECT client AS client, coalesce(:completed, :at_us) AS done_us FROM course WHERE id = :course

--: check
SELECT 'conflict', printf('Course #%d is %s already.', id, state), 'course'
FROM course WHERE id = :course AND state IN ('completed', 'abandoned')
UNION ALL
SELECT 'conflict', printf('Session #%d of this course is open: end it first.', id), 'course'
FROM session WHERE course = :course AND state = 'open'
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:done_us)), 'completed'
WHERE :done_us > :at_us + 300000000

--: apply
UPDATE course SET state = 'completed', completed_us = :done_us, entry = :entry WHERE id = :course;
