-- SPDX-License-Identifier: MIT
-- doc: The pause is over: work goes on.
-- role: operator
-- noun: pause
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- param: at time -- When; without it, now.
-- guard: session
-- column: start time -- When the pause began.
-- column: end time -- When it ended.

--: let
SELECT (SELECT id FROM pause WHERE session = :session AND void IS NULL AND to_us IS NULL) AS pause, coalesce(:at, :at_us) AS end_us

--: check
SELECT 'conflict', printf('Session #%d has no pause that lasts.', :session), 'session' WHERE :pause IS NULL
UNION ALL
SELECT 'invalid', printf('The pause began at %s.', local_time(from_us)), 'at' FROM pause WHERE id = :pause AND :end_us <= from_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:end_us)), 'at' WHERE :end_us > :at_us + 300000000

--: apply
UPDATE pause SET to_us = :end_us, entry = :entry WHERE id = :pause;

--: answer
SELECT from_us AS start, :end_us AS "end" FROM pause WHERE id = :pause
