-- SPDX-License-Identifier: MIT
-- doc: Corrects what is known of a practitioner, or says that they work here no longer.
-- role: operator
-- noun: practitioner
-- param: practitioner ref:practitioner required -- Name, or part of it.
-- param: name text min=1 max=200 -- As it stands in records.
-- param: licence text max=100 -- Number of the licence.
-- param: licence_until date -- Last day on which the licence is valid.
-- param: qualification text max=500 -- What they have learned, and where.
-- param: user_name text max=64 -- Their user name on this system.
-- param: active bool -- Whether they work here.
-- param: clear list values=licence|licence_until|qualification|user_name -- What is to hold nothing again.
-- reason: correction

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:name, :licence, :licence_until, :qualification, :user_name, :active, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Practitioner #%d has the name %s already.', id, name), 'name'
FROM practitioner
WHERE active AND id <> :practitioner AND fold(name) = fold(:name)
UNION ALL
SELECT 'conflict', printf('The user name %s belongs to practitioner #%d, %s.', user_name, id, name), 'user_name'
FROM practitioner
WHERE active AND id <> :practitioner AND user_name = :user_name

--: apply
UPDATE practitioner SET
	name = coalesce(:name, name),
	licence = iif('licence' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:licence, licence)),
	licence_until = iif('licence_until' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:licence_until, licence_until)),
	qualification = iif('qualification' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:qualification, qualification)),
	user_name = iif('user_name' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:user_name, user_name)),
	active = coalesce(:active, active),
	entry = :entry
WHERE id = :practitioner;
