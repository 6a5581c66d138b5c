-- SPDX-License-Identifier: MIT
-- doc: A course that takes more sessions than usual. Consultations and touch-ups do not count, nor do sessions that belong to no course.
-- source: practice: rarely over four
-- scope: session
-- severity: info
-- threshold: sessions int 4 sessions -- More sessions than this in one course.
-- key: session
-- says: The course of {client} has come to {value} with this one; up to {threshold} is usual.
-- do: Talk the plan over with the client.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	(SELECT count(*) FROM session p WHERE p.course = s.course AND p.start_us <= s.start_us AND p.state <> 'void'
		AND p.kind NOT IN ('consultation', 'touch-up')) AS value, t.value AS threshold
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'sessions-over' AND t.name = 'sessions' AND +s.day >= t.from_day AND +s.day < t.to_day
WHERE s.state <> 'void' AND s.kind NOT IN ('consultation', 'touch-up') AND s.course IS NOT NULL
	AND (SELECT count(*) FROM session p WHERE p.course = s.course AND p.start_us <= s.start_us AND p.state <> 'void'
		AND p.kind NOT IN ('consultation', 'touch-up')) > t.value
	-- part: rule.session
