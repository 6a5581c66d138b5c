-- SPDX-License-Identifier: MIT
-- doc: Days between a session and the one before it in the same course: skin needs time to heal.
-- source: trade practice: 7 to 10 days, never under 5
-- scope: session
-- online: yes
-- threshold: warn_days int 7 days severity=warn -- Fewer days than this since the session before.
-- threshold: error_days int 5 days severity=error -- Fewer days than this since the session before.
-- key: session
-- says: {client} sat again after {value}: {before_session} was on {before_day}; fewer than {threshold} is too soon.
-- do: Look at the skin before going on, and note what was seen; else put the session off.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	day_number(s.day) - day_number(b.day) AS value, t.value AS threshold, t.severity AS severity, b.id AS before_session, b.day AS before_day
FROM session s CROSS JOIN session b ON b.id = (SELECT p.id FROM session p WHERE p.course = s.course AND p.start_us < s.start_us AND p.state <> 'void'
		AND p.kind <> 'consultation' ORDER BY p.start_us DESC LIMIT 1)
	CROSS JOIN audit_threshold t ON t.rule = 'spacing-short' AND t.name IN ('warn_days', 'error_days') AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND s.kind <> 'consultation'
	AND EXISTS (SELECT 1 FROM session q WHERE q.course = s.course AND q.start_us < s.start_us AND q.start_us > s.start_us
		- (SELECT max(m.value) + 1 FROM audit_threshold m WHERE m.rule = 'spacing-short' AND m.name IN ('warn_days', 'error_days')) * 86400000000)
	AND day_number(s.day) - day_number(b.day) < t.value
	-- part: rule.session
