-- SPDX-License-Identifier: MIT
-- doc: Corrects a condition, allergy or treatment, or says that it has ended.
-- role: operator
-- noun: condition
-- param: condition ref:condition required -- Its number, or the client when there is only one.
-- param: zone text values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where.
-- param: since text max=10 -- Since when: 2026-11-20, 2026-11 or 2026.
-- param: until text max=10 -- Until when, likewise.
-- param: note text personal max=4096 -- Free text, in place of what stands there.
-- param: clear list values=zone|since|until|note -- What is to hold nothing again.
-- about: client
-- reason: correction
-- same: nothing

--: let
SELECT client AS client FROM condition WHERE id = :condition

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:zone, :since, :until, :note, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Condition #%d was taken back: add it anew.', id), 'condition'
FROM condition WHERE id = :condition AND void IS NOT NULL
UNION ALL
SELECT 'invalid', printf('%s is no date: write 2026-11-20, 2026-11 or 2026.', :since), 'since'
WHERE NOT (:since GLOB '[12][0-9][0-9][0-9]' OR expiry_day(:since) IS NOT NULL)
UNION ALL
SELECT 'invalid', printf('%s is no date: write 2026-11-20, 2026-11 or 2026.', :until), 'until'
WHERE NOT (:until GLOB '[12][0-9][0-9][0-9]' OR expiry_day(:until) IS NOT NULL)
UNION ALL
SELECT 'invalid', printf('%s is in the future.', :since), 'since'
WHERE :since > day_text(local_day(:at_us))
UNION ALL
SELECT 'invalid', printf('It began on %s and cannot have ended before, on %s.', coalesce(:since, since), coalesce(:until, until)), 'until'
FROM condition
WHERE id = :condition
	AND substr(coalesce(:until, until), 1, min(length(coalesce(:until, until)), length(coalesce(:since, since))))
		< substr(coalesce(:since, since), 1, min(length(coalesce(:until, until)), length(coalesce(:since, since))))

--: apply
UPDATE condition SET
	zone = iif('zone' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:zone, zone)),
	since = iif('since' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:since, since)),
	until = iif('until' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:until, until)),
	note_entry = iif('note' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:note, note_entry)),
	entry = :entry
WHERE id = :condition;
