-- SPDX-License-Identifier: MIT
-- doc: Corrects a course, or plans it anew.
-- role: operator
-- noun: course
-- param: course ref:course required -- Its number; the client when there is only one; or client/1 for the client's first.
-- param: goal text values=buzz|density|scar_camouflage|hairline -- What it is for.
-- param: practitioner ref:practitioner -- Who leads it.
-- param: technique text max=200 -- As the clinic calls it.
-- param: zones list values=hairline|temples|crown|mid_scalp|sides|back|patches|scars|beard|moustache|sideburns|eyebrows -- Where: all of them.
-- param: blueprint text personal max=4096 -- What was drawn and agreed, in place of what stands there.
-- param: pigment_match text max=500 -- Shades agreed on.
-- param: planned_sessions int min=1 max=50 -- How many sessions.
-- param: spacing_min_days int min=0 max=3650 -- Least days between two sessions.
-- param: spacing_max_days int min=0 max=3650 -- Most days between two sessions.
-- param: topup_min_months int min=0 max=600 -- A touch-up is due from so many months after the course is completed.
-- param: topup_max_months int min=0 max=600 -- And until so many.
-- param: clear list values=practitioner|technique|zones|blueprint|pigment_match|planned_sessions|spacing_min_days|spacing_max_days|topup_min_months|topup_max_months -- What is to hold nothing again.
-- about: client practitioner
-- reason: correction
-- same: nothing

--: let
SELECT client AS client FROM course WHERE id = :course

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:goal, :practitioner, :technique, :zones, :blueprint, :pigment_match, :planned_sessions, :spacing_min_days,
	:spacing_max_days, :topup_min_months, :topup_max_months, :clear) IS NULL
UNION ALL
SELECT 'invalid', printf('Sessions cannot be at least %d and at most %d days apart.', coalesce(:spacing_min_days, spacing_min_days),
	coalesce(:spacing_max_days, spacing_max_days)), 'spacing_max_days'
FROM course
WHERE id = :course AND coalesce(:spacing_min_days, spacing_min_days) > coalesce(:spacing_max_days, spacing_max_days)
UNION ALL
SELECT 'invalid', printf('A touch-up cannot be due from %d until %d months after.', coalesce(:topup_min_months, topup_min_months),
	coalesce(:topup_max_months, topup_max_months)), 'topup_max_months'
FROM course
WHERE id = :course AND coalesce(:topup_min_months, topup_min_months) > coalesce(:topup_max_months, topup_max_months)

--: apply
UPDATE course SET
	goal = coalesce(:goal, goal),
	practitioner = iif('practitioner' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:practitioner, practitioner)),
	technique = iif('technique' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:technique, technique)),
	zones = iif('zones' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:zones, zones)),
	blueprint_entry = iif('blueprint' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:blueprint, blueprint_entry)),
	pigment_match = iif('pigment_match' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:pigment_match, pigment_match)),
	planned_sessions = iif('planned_sessions' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:planned_sessions, planned_sessions)),
	spacing_min_days = iif('spacing_min_days' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:spacing_min_days, spacing_min_days)),
	spacing_max_days = iif('spacing_max_days' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:spacing_max_days, spacing_max_days)),
	topup_min_months = iif('topup_min_months' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:topup_min_months, topup_min_months)),
	topup_max_months = iif('topup_max_months' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:topup_max_months, topup_max_months)),
	entry = :entry
WHERE id = :course;
