-- SPDX-License-Identifier: MIT
-- doc: One place, and what was last done there.
-- role: viewer
-- shape: object
-- param: place ref:place required -- Name, or part of it.
-- column: id int -- Number of the place.
-- column: name text -- Name.
-- column: kind text -- chair, room or steriliser.
-- column: active bool -- Whether it is in use.
-- column: hygiene json -- What was last done there, by kind: {kind: {at, result}}.
-- column: version int -- Entry that last changed the record.

SELECT p.id, p.name, p.kind, p.active,
	(SELECT json_group_object(k.value, json_object('at', utc_time(h.at_us), 'result', h.result))
		FROM json_each('["disinfected","barrier","cleaned","sterilised","spore_test","prepared","discarded","serviced"]') k
		JOIN hygiene h ON h.id = (SELECT id FROM hygiene
			WHERE place = p.id AND void IS NULL AND kind = k.value ORDER BY at_us DESC, id DESC LIMIT 1)) AS hygiene,
	p.entry AS version
FROM place p
WHERE p.id = :place
