-- SPDX-License-Identifier: MIT
-- doc: Adds a client under the record number that the clinic uses. Names and birth date may be kept elsewhere.
-- role: operator
-- noun: client
-- param: number text personal required min=1 max=64 -- Record number of the clinic; no two clients have the same, capital or small.
-- param: name text personal min=1 max=200 -- Name.
-- param: birth_date date personal -- Day of birth.
-- param: contact text personal max=500 -- How a recall reaches the client.
-- param: note text personal max=4096 -- Free text.
-- param: age_checked_by ref:practitioner -- Who looked at an identity document just now.
-- about: age_checked_by
-- column: warnings json -- What to look at, though nothing is refused: [{code, client, says, do},...]; code same-person: client, by its number in this database, has the same name and birth date.

--: let
SELECT coalesce(max(id), 0) + 1 AS client FROM client

--: check
SELECT 'conflict', printf('Record number %s belongs to client #%d%s already.', n.value, c.id, coalesce(', ' || m.value, '')), 'number'
FROM personal n JOIN client c ON c.number_entry = n.entry
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
WHERE n.field = 'number' AND n.value = :number COLLATE NOCASE
UNION ALL
SELECT 'invalid', 'A record number has no spaces at its ends, and no # in front: that is how records are named by their number here.', 'number'
WHERE :number <> trim(:number, char(32, 9, 10, 13, 160)) OR :number GLOB '#*'
UNION ALL
SELECT 'invalid', printf('The birth date %s is in the future, or over 130 years ago.', :birth_date), 'birth_date'
WHERE expiry_day(:birth_date) > local_day(:at_us) OR expiry_day(:birth_date) < local_day(:at_us) - 1300000

--: apply
INSERT INTO client (id, number_entry, name_entry, birth_date_entry, contact_entry, note_entry, age_checked_us, age_checked_by, added_us, entry)
VALUES (:client, :number, :name, :birth_date, :contact, :note, iif(:age_checked_by IS NULL, NULL, :at_us), :age_checked_by, :at_us, :entry);

--: answer
SELECT
	-- part: client.same WHEN=1
