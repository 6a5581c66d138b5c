-- SPDX-License-Identifier: MIT
-- doc: Conditions, allergies and treatments of one client.
-- role: operator
-- shape: list
-- param: client ref:client required -- Record number, or name.
-- param: kind text values=condition|allergy|treatment -- Only these.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- column: id int -- Number of the condition.
-- column: kind text -- condition, allergy or treatment.
-- column: code text -- aga_male and others; the substance of an allergy; the treatment.
-- column: zone text -- Where; null everywhere, or not said.
-- column: since text -- Since when: a day, a month or a year.
-- column: until text -- Until when; null while it lasts.
-- column: note text -- Free text.
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT d.id, d.kind, v.value AS code, d.zone, d.since, d.until, t.value AS note, d.void IS NOT NULL AS void, d.entry AS version
FROM condition d
	LEFT JOIN personal v ON v.entry = d.code_entry AND v.field = 'code'
	LEFT JOIN personal t ON t.entry = d.note_entry AND t.field = 'note'
WHERE d.client = :client AND (d.void IS NULL OR :void)
	AND d.kind = :kind -- if kind
ORDER BY d.id
