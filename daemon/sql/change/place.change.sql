-- SPDX-License-Identifier: MIT
-- doc: Corrects a place, or says that it is no longer in use.
-- role: operator
-- noun: place
-- param: place ref:place required -- Name, or part of it.
-- param: name text min=1 max=100 -- What people here call it.
-- param: kind text values=chair|room|steriliser -- What it is.
-- param: active bool -- Whether it is in use.
-- reason: correction
-- same: nothing

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:name, :kind, :active) IS NULL
UNION ALL
SELECT 'conflict', printf('Place #%d has the name %s already.', id, name), 'name'
FROM place WHERE active AND id <> :place AND fold(name) = fold(:name)

--: apply
UPDATE place SET name = coalesce(:name, name), kind = coalesce(:kind, kind), active = coalesce(:active, active), entry = :entry
WHERE id = :place;
