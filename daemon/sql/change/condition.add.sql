-- SPDX-License-Identifier: MIT
-- doc: Adds to a client's record what speaks for treatment or against it: a condition, an allergy, or a treatment that goes on
-- doc: beside ours.
-- role: operator
-- noun: condition
-- param: client ref:client required -- Record number, or name.
-- param: kind text required values=condition|allergy|treatment -- What it is.
-- param: code text personal required min=1 max=200 -- Of a condition: aga_male, aga_female, areata, totalis, scar_injury, scar_transplant, thinning, chemotherapy or other. Of an allergy: to what. Of a treatment: finasteride, minoxidil, laser, transplant, or its name.
-- param: zone text values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where; without it, everywhere or not said.
-- param: since text max=10 -- Since when: 2026-11-20, 2026-11 or 2026.
-- param: until text max=10 -- Until when, likewise; without it, it lasts.
-- param: note text personal max=4096 -- Free text.
-- about: client

--: let
SELECT coalesce(max(id), 0) + 1 AS condition FROM condition

--: check
SELECT 'invalid', printf('%s is no condition of the list: aga_male, aga_female, areata, totalis, scar_injury, scar_transplant, thinning, chemotherapy, or other with a note.', :code), 'code'
WHERE :kind = 'condition' AND :code NOT IN ('aga_male', 'aga_female', 'areata', 'totalis', 'scar_injury', 'scar_transplant', 'thinning', 'chemotherapy', 'other')
UNION ALL
SELECT 'missing', 'The condition other says nothing by itself: add a note.', 'note'
WHERE :kind = 'condition' AND :code = 'other' AND :note IS NULL
UNION ALL
SELECT 'invalid', printf('%s is no date: write 2026-11-20, 2026-11 or 2026.', :since), 'since'
WHERE NOT (:since GLOB '[12][0-9][0-9][0-9]' OR expiry_day(:since) IS NOT NULL)
UNION ALL
SELECT 'invalid', printf('%s is no date: write 2026-11-20, 2026-11 or 2026.', :until), 'until'
WHERE NOT (:until GLOB '[12][0-9][0-9][0-9]' OR expiry_day(:until) IS NOT NULL)
UNION ALL
SELECT 'invalid', printf('It began on %s and cannot have ended before, on %s.', :since, :until), 'until'
WHERE substr(:until, 1, min(length(:until), length(:since))) < substr(:since, 1, min(length(:until), length(:since)))
UNION ALL
SELECT 'invalid', printf('%s is in the future.', :since), 'since'
WHERE :since > day_text(local_day(:at_us))
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('The %s %s stands in the record already, as condition #%d.', d.kind, v.value, d.id), 'code'
FROM condition d JOIN personal v ON v.entry = d.code_entry AND v.field = 'code'
WHERE d.client = :client AND d.void IS NULL AND d.until IS NULL AND d.kind = :kind AND fold(v.value) = fold(:code) AND d.zone IS :zone

--: apply
INSERT INTO condition (id, client, kind, code_entry, zone, since, until, note_entry, entry)
VALUES (:condition, :client, :kind, :code, :zone, :since, :until, :note, :entry);
