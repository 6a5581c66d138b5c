-- SPDX-License-Identifier: MIT
-- doc: Days between a session and the one before it in the same course: after too long a pause the plan is worth another look. Touch-ups are
-- doc: years later by their nature, and are not judged, nor are consultations.
-- source: practice: 4 to 6 weeks
-- scope: session
-- severity: info
-- threshold: days int 42 days -- More days than this since the session before.
-- key: session
-- says: {client} came back after {value}, {before_session} having been on {before_day}; up to {threshold} is usual.
-- do: See how the skin healed and whether the plan still holds.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	day_number(s.day) - day_number(b.day) AS value, t.value AS threshold, b.id AS before_session, b.day AS before_day
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'spacing-long' AND t.name = 'days' AND +s.day >= t.from_day AND +s.day < t.to_day
	JOIN session b ON b.id = (SELECT p.id FROM session p WHERE p.course = s.course AND p.start_us < s.start_us AND p.state <> 'void'
		AND p.kind <> 'consultation' ORDER BY p.start_us DESC LIMIT 1)
WHERE s.state <> 'void' AND s.kind NOT IN ('consultation', 'touch-up') AND day_number(s.day) - day_number(b.day) > t.value
	-- part: rule.session
