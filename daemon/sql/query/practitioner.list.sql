-- SPDX-License-Identifier: MIT
-- doc: Practitioners, in the order in which they came.
-- role: viewer
-- shape: page
-- param: all bool default=false -- Those too who work here no longer.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the practitioner.
-- column: name text -- Name.
-- column: licence text -- Number of the licence.
-- column: licence_until text -- Last day on which it is valid.
-- column: qualification text -- What they have learned.
-- column: user_name text -- Their user name on this system.
-- column: active bool -- Whether they work here.
-- column: version int -- Entry that last changed the record.

SELECT id, name, licence, licence_until, qualification, user_name, active, entry AS version, id AS cursor
FROM practitioner
WHERE (active OR :all)
	AND id > cursor_part(:after, 0, 1) -- if after
ORDER BY id
LIMIT :limit
