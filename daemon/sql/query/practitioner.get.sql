-- SPDX-License-Identifier: MIT
-- doc: One practitioner.
-- role: viewer
-- shape: object
-- param: practitioner ref:practitioner required -- Name, or part of it.
-- column: id int -- Number of the practitioner.
-- column: name text -- Name.
-- column: licence text -- Number of the licence.
-- column: licence_until text -- Last day on which it is valid.
-- column: qualification text -- What they have learned.
-- column: user_name text -- Their user name on this system.
-- column: active bool -- Whether they work here.
-- column: version int -- Entry that last changed the record.

SELECT id, name, licence, licence_until, qualification, user_name, active, entry AS version
FROM practitioner
WHERE id = :practitioner
