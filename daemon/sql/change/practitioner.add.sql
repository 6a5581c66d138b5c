-- SPDX-License-Identifier: MIT
-- doc: Adds a practitioner.
-- role: operator
-- noun: practitioner
-- param: name text required min=1 max=200 -- As it stands in records; two who work here have different names.
-- param: licence text max=100 -- Number of the licence.
-- param: licence_until date -- Last day on which the licence is valid.
-- param: licence_from date -- First day of the licence; without it, it is taken to have held on all days before.
-- param: qualification text max=500 -- What they have learned, and where.
-- param: user_name text max=64 -- Their user name on this system, so that what they type is theirs.

--: let
SELECT coalesce(max(id), 0) + 1 AS practitioner, expiry_day(:licence_from) AS licence_day
FROM practitioner

--: check
SELECT 'conflict', printf('Practitioner #%d has the name %s already.', id, name), 'name'
FROM practitioner
WHERE active AND fold(name) = fold(:name)
UNION ALL
SELECT 'conflict', printf('The user name %s belongs to practitioner #%d, %s.', user_name, id, name), 'user_name'
FROM practitioner
WHERE active AND user_name = :user_name
UNION ALL
SELECT 'missing', 'A licence that has a first day has a last one: say licence_until too.', 'licence_until'
WHERE :licence_from IS NOT NULL AND :licence_until IS NULL
UNION ALL
SELECT 'invalid', printf('The licence ends on %s, before its first day.', :licence_until), 'licence_from'
WHERE expiry_day(:licence_from) > expiry_day(:licence_until)

--: apply
INSERT INTO practitioner (id, name, licence, licence_until, qualification, user_name, entry)
VALUES (:practitioner, :name, :licence, :licence_until, :qualification, :user_name, :entry);
INSERT INTO licence (practitioner, from_day, until_day, entry)
SELECT :practitioner, coalesce(:licence_day, 0), CAST(replace(:licence_until, '-', '') AS INTEGER), :entry WHERE :licence_until IS NOT NULL;
