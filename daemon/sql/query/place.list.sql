-- SPDX-License-Identifier: MIT
-- doc: Places: chairs, rooms, sterilisers.
-- role: viewer
-- shape: page
-- param: kind text values=chair|room|steriliser -- Only these.
-- param: all bool default=false -- Those too that are no longer in use.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the place.
-- column: name text -- Name.
-- column: kind text -- chair, room or steriliser.
-- column: active bool -- Whether it is in use.
-- column: version int -- Entry that last changed the record.

SELECT id, name, kind, active, entry AS version, id AS cursor
FROM place
WHERE (active OR :all)
	AND kind = :kind                     -- if kind
	AND id > cursor_part(:after, 0, 1)   -- if after
ORDER BY id
LIMIT :limit
