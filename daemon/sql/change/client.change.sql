-- SPDX-License-Identifier: MIT
-- doc: Corrects what is known of a client, or adds to it.
-- role: operator
-- noun: client
-- param: client ref:client required -- Record number, or name.
-- param: number text personal min=1 max=64 -- Record number of the clinic.
-- param: name text personal min=1 max=200 -- Name.
-- param: birth_date date personal -- Day of birth.
-- param: contact text personal max=500 -- How a recall reaches the client.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- param: clear list values=name|birth_date|contact|note -- What is to hold nothing again.
-- reason: correction
-- same: nothing
-- column: warnings json -- What to look at, though nothing is refused: [{code, client, says, do},...]; code same-person: client, by its number in this database, has the same name and birth date.

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:number, :name, :birth_date, :contact, :note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s: there is nothing left to change.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Record number %s belongs to client #%d%s already.', n.value, c.id, coalesce(', ' || m.value, '')), 'number'
FROM personal n JOIN client c ON c.number_entry = n.entry
	LEFT JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
WHERE n.field = 'number' AND n.value = :number COLLATE NOCASE AND c.id <> :client
UNION ALL
SELECT 'invalid', 'A record number has no spaces at its ends, and no # in front: that is how records are named by their number here.', 'number'
WHERE :number <> trim(:number, char(32, 9, 10, 13, 160)) OR :number GLOB '#*'
UNION ALL
SELECT 'invalid', printf('The birth date %s is in the future, or over 130 years ago.', :birth_date), 'birth_date'
WHERE expiry_day(:birth_date) > local_day(:at_us) OR expiry_day(:birth_date) < local_day(:at_us) - 1300000

--: apply
UPDATE client SET
	number_entry = coalesce(:number, number_entry),
	name_entry = iif('name' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:name, name_entry)),
	birth_date_entry = iif('birth_date' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:birth_date, birth_date_entry)),
	contact_entry = iif('contact' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:contact, contact_entry)),
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :client;

--: answer
SELECT
	-- part: client.same WHEN=coalesce(:name,:birth_date)NOTNULL
