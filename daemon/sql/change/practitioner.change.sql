-- SPDX-License-Identifier: MIT
-- doc: Corrects what is known of a practitioner, or says that they work here no longer.
-- role: operator
-- noun: practitioner
-- param: practitioner ref:practitioner required -- Name, or part of it.
-- param: name text min=1 max=200 -- As it stands in records.
-- param: licence text max=100 -- Number of the licence.
-- param: licence_until date -- Last day on which the licence is valid.
-- param: licence_from date -- First day on which that holds; without it, today: what was before is judged by the licence of before.
-- param: qualification text max=500 -- What they have learned, and where.
-- param: user_name text max=64 -- Their user name on this system.
-- param: active bool -- Whether they work here.
-- param: clear list values=licence|licence_until|qualification|user_name -- What is to hold nothing again.
-- reason: correction
-- same: nothing

-- The first that is recorded is taken to have held on all days before; what is said again on the same day corrects what was said. Else it
-- holds from the day on which it is said. Entries of before have no such day.
--: let
SELECT (SELECT iif(local_day(e.at_us) = local_day(:at_us), l.from_day, NULL) FROM licence l JOIN entry e ON e.seq = l.entry
	WHERE l.practitioner = :practitioner ORDER BY l.from_day DESC LIMIT 1) AS licence_same

--: let
SELECT CASE WHEN :licence_until IS NULL AND 'licence_until' NOT IN (SELECT value FROM json_each(coalesce(:clear, '[]'))) THEN NULL
	WHEN :licence_from IS NOT NULL THEN expiry_day(:licence_from)
	WHEN :licence_same IS NOT NULL THEN :licence_same
	WHEN EXISTS (SELECT 1 FROM licence WHERE practitioner = :practitioner) THEN local_day(:at_us) ELSE 0 END AS licence_day

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:name, :licence, :licence_until, :licence_from, :qualification, :user_name, :active, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Practitioner #%d has the name %s already.', id, name), 'name'
FROM practitioner
WHERE active AND id <> :practitioner AND fold(name) = fold(:name)
UNION ALL
SELECT 'conflict', printf('The user name %s belongs to practitioner #%d, %s.', user_name, id, name), 'user_name'
FROM practitioner
WHERE active AND id <> :practitioner AND user_name = :user_name
UNION ALL
SELECT 'missing', 'Say until when the licence is valid that began then, or that there was none: licence_until, or clear.', 'licence_until'
WHERE :licence_from IS NOT NULL AND :licence_day IS NULL
UNION ALL
SELECT 'invalid', printf('The licence ends on %s, before its first day.', :licence_until), 'licence_from'
WHERE expiry_day(:licence_from) > expiry_day(:licence_until)

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
DELETE FROM licence
WHERE practitioner = :practitioner AND (:licence_until IS NOT NULL OR 'licence_until' IN (SELECT value FROM json_each(:clear)))
	AND from_day >= coalesce(:licence_day, CAST(strftime('%Y%m%d', :at_us / 1000000, 'unixepoch') AS INTEGER));
INSERT INTO licence (practitioner, from_day, until_day, entry)
SELECT :practitioner, coalesce(:licence_day, iif(EXISTS (SELECT 1 FROM licence WHERE practitioner = :practitioner),
	CAST(strftime('%Y%m%d', :at_us / 1000000, 'unixepoch') AS INTEGER), 0)), CAST(replace(:licence_until, '-', '') AS INTEGER), :entry
WHERE :licence_until IS NOT NULL OR 'licence_until' IN (SELECT value FROM json_each(:clear));
