-- SPDX-License-Identifier: MIT
-- Others of the name and birth date of client :client, as warnings of a change that gave one of them. {WHEN}: whether it did. Their
-- numbers in this database only: an answer is kept with its request_id, and they may be erased.

(WITH same AS (SELECT namesake.id FROM client c
		CROSS JOIN personal b ON b.entry = c.birth_date_entry AND b.field = 'birth_date'
		CROSS JOIN personal m ON m.entry = c.name_entry AND m.field = 'name'
		CROSS JOIN client namesake ON namesake.id <> c.id
		CROSS JOIN personal ob ON ob.entry = namesake.birth_date_entry AND ob.field = 'birth_date' AND ob.value = b.value
		CROSS JOIN personal om ON om.entry = namesake.name_entry AND om.field = 'name' AND fold(om.value) = fold(m.value)
		WHERE c.id = :client AND {WHEN} ORDER BY namesake.id LIMIT 10)
	SELECT json_group_array(json_object('code', 'same-person', 'client', same.id,
		'says', printf('Client #%d has the same name and birth date.', same.id),
		'do', 'Another person: nothing is to be done. The same person: keep one of the records; session change --client moves sessions to it, and client erase (admin) takes the other one away.'))
	FROM same) AS warnings
