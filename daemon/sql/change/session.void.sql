-- SPDX-License-Identifier: MIT
-- doc: Takes a session back that was started by mistake. Its machine time belongs to nobody again, and what is left stays in the history.
-- role: operator
-- noun: session
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- guard: session
-- reason: required
-- column: runs int -- Motor runs that it held, and that now belong to nobody.

--: let
SELECT count(*) AS runs FROM run WHERE session = :session

--: check
SELECT 'conflict', printf('Session #%d was taken back already.', id), 'session' FROM session WHERE id = :session AND state = 'void'
UNION ALL
SELECT 'conflict', printf('Session #%d has %d use%s of lots on record: use void first.', :session, count(*), iif(count(*) = 1, '', 's')), 'session'
FROM item_use WHERE session = :session AND source = 'person' AND void IS NULL HAVING count(*) > 0
UNION ALL
SELECT 'conflict', printf('Session #%d has %d consents or aftercare talks on record: void them first.', :session, count(*)), 'session'
FROM consent WHERE session = :session AND void IS NULL HAVING count(*) > 0
UNION ALL
SELECT 'conflict', printf('Session #%d has %d reactions on record: void them first.', :session, count(*)), 'session'
FROM reaction WHERE session = :session AND void IS NULL HAVING count(*) > 0

--: apply
INSERT INTO relink (pen, from_us, to_us, session)
SELECT pen, earliest_us, latest_us, :session FROM run WHERE session = :session AND attribution = 2 AND state <> 0 AND earliest_us IS NOT NULL;
UPDATE run SET session = NULL, attribution = 0, attribution_entry = :entry WHERE session = :session AND attribution = 2 AND state <> 0;
INSERT INTO relink (pen, from_us, to_us, session)
SELECT pen, from_us, to_us, :session FROM assignment WHERE session = :session AND void IS NULL;
UPDATE assignment SET to_us = coalesce(to_us, max(from_us, :at_us)), void = :entry, entry = :entry WHERE session = :session AND void IS NULL;
UPDATE session SET state = 'void', end_us = coalesce(end_us, max(start_us, :at_us)), ended_by = coalesce(ended_by, 'person'), entry = :entry
WHERE id = :session;

--: answer
SELECT :runs AS runs
