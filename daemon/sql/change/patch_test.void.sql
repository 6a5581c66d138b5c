-- SPDX-License-Identifier: MIT
-- doc: Takes a patch test back as a mistake. It stays in the history.
-- role: operator
-- noun: patch_test
-- param: patch_test ref:patch_test required -- Its number, or the client when one of theirs is still to be read.
-- about: client
-- reason: required

--: let
SELECT client AS client FROM patch_test WHERE id = :patch_test

--: check
SELECT 'conflict', printf('Patch test #%d was taken back already.', id), 'patch_test'
FROM patch_test WHERE id = :patch_test AND void IS NOT NULL

--: apply
UPDATE patch_test SET void = :entry, entry = :entry WHERE id = :patch_test;
