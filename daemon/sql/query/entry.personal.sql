-- SPDX-License-Identifier: MIT
-- doc: Personal values of entries with the salts that open their commitments, at most of 1000 entries at once: for stipplectl export.
-- role: operator
-- shape: list
-- param: first int min=1 max=9223372036854775807 required -- From this entry ...
-- param: last int min=1 max=9223372036854775807 required -- ... to this one.
-- param: field text max=64 -- Only those of this name: number is the clinic's reference of a client.
-- column: entry int -- The entry that they belong to.
-- column: field text -- Its name there.
-- column: salt hex -- 32 random bytes.
-- column: value text -- What identifies somebody, or was said in words of one's own.

SELECT p.entry, p.field, p.salt, p.value
FROM personal p
WHERE p.entry >= :first AND p.entry <= min(:last, :first + 999)
	AND p.field = :field                                     -- if field
ORDER BY p.entry, p.field
