-- SPDX-License-Identifier: MIT
-- doc: Adds a place: a chair or a room where work is done, or a steriliser.
-- role: operator
-- noun: place
-- param: name text required min=1 max=100 -- What people here call it.
-- param: kind text required values=chair|room|steriliser -- What it is.

--: let
SELECT coalesce(max(id), 0) + 1 AS place FROM place

--: check
SELECT 'conflict', printf('Place #%d has the name %s already.', id, name), 'name'
FROM place WHERE active AND fold(name) = fold(:name)

--: apply
INSERT INTO place (id, name, kind, entry) VALUES (:place, :name, :kind, :entry);
