-- SPDX-License-Identifier: MIT
-- doc: Adds a course: what is planned with a client.
-- role: operator
-- noun: course
-- param: client ref:client required -- Record number, or name.
-- param: goal text required values=buzz|density|scar_camouflage|hairline -- What it is for.
-- param: practitioner ref:practitioner -- Who leads it.
-- param: technique text max=200 -- As the clinic calls it.
-- param: zones list values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where.
-- param: blueprint text personal max=4096 -- What was drawn and agreed.
-- param: pigment_match text max=500 -- Shades agreed on.
-- param: planned_sessions int min=1 max=50 -- How many sessions.
-- param: spacing_min_days int min=0 max=3650 -- Least days between two sessions.
-- param: spacing_max_days int min=0 max=3650 -- Most days between two sessions.
-- param: topup_min_months int min=0 max=600 -- A touch-up is due from so many months after the course is completed.
-- param: topup_max_months int min=0 max=600 -- And until so many.
-- about: client practitioner
-- column: ordinal int -- Which of the client's courses it is, from 1.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM course) AS course,
	(SELECT coalesce(max(ordinal), 0) + 1 FROM course WHERE client = :client) AS ordinal

--: check
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL
UNION ALL
SELECT 'invalid', printf('Sessions cannot be at least %d and at most %d days apart.', :spacing_min_days, :spacing_max_days), 'spacing_max_days'
WHERE :spacing_min_days > :spacing_max_days
UNION ALL
SELECT 'invalid', printf('A touch-up cannot be due from %d until %d months after.', :topup_min_months, :topup_max_months), 'topup_max_months'
WHERE :topup_min_months > :topup_max_months

--: apply
INSERT INTO course (id, client, ordinal, practitioner, goal, technique, zones, blueprint_entry, pigment_match, planned_sessions,
	spacing_min_days, spacing_max_days, topup_min_months, topup_max_months, state, added_us, entry)
VALUES (:course, :client, :ordinal, :practitioner, :goal, :technique, :zones, :blueprint, :pigment_match, :planned_sessions,
	:spacing_min_days, :spacing_max_days, :topup_min_months, :topup_max_months, 'planned', :at_us, :entry);

--: answer
SELECT :ordinal AS ordinal
