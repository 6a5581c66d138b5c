-- SPDX-License-Identifier: MIT
-- doc: Records what a patch test showed.
-- role: operator
-- noun: patch_test
-- param: patch_test ref:patch_test required -- Its number, or the client when one of theirs is still to be read.
-- param: result text required values=none|reaction -- What it showed.
-- param: read time -- When it was read; without it, now.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- about: client
-- reason: correction
-- column: hours int -- How many hours after it was applied.

--: let
SELECT client AS client, coalesce(:read, :at_us) AS seen_us FROM patch_test WHERE id = :patch_test

--: check
SELECT 'conflict', printf('Patch test #%d was taken back as a mistake.', id), 'patch_test'
FROM patch_test WHERE id = :patch_test AND void IS NOT NULL
UNION ALL
SELECT 'invalid', printf('It was applied on %s and cannot have been read before, on %s.', local_time(at_us), local_time(:seen_us)), 'read'
FROM patch_test WHERE id = :patch_test AND at_us > :seen_us
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:seen_us)), 'read'
WHERE :seen_us > :at_us + 300000000

--: apply
UPDATE patch_test SET read_us = :seen_us, result = :result, note_entry = coalesce(:note, note_entry), entry = :entry
WHERE id = :patch_test;

--: answer
SELECT (:seen_us - at_us) / 3600000000 AS hours FROM patch_test WHERE id = :patch_test
