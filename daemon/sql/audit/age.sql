-- SPDX-License-Identifier: MIT
-- doc: The client was of age on the day, and somebody had looked at an identity document by then. A date of birth that was never recorded, or
-- doc: was erased, leaves the check alone. A consultation in which no motor ran is not judged, nor a session of which nobody has said who sat
-- doc: there.
-- source: Oregon OAR 331-915-0065; NEHA Body Art Model Code 2024
-- scope: session
-- online: yes
-- severity: critical
-- threshold: age_years int 18 years -- Younger than this is under age.
-- key: session
-- says: {client} {what} on {day}; {threshold} is the least.
-- do: Look at an identity document before any work, and record it: client check_age. Treat nobody under age.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	(s.day - CAST(replace(b.value, '-', '') AS INTEGER)) / 10000 AS value, t.value AS threshold,
	CASE WHEN (s.day - CAST(replace(b.value, '-', '') AS INTEGER)) / 10000 < t.value
		THEN 'was ' || ((s.day - CAST(replace(b.value, '-', '') AS INTEGER)) / 10000) || ' years old'
	WHEN c.age_checked_us IS NULL THEN 'had no age check'
	ELSE 'had no age check yet, the first being of ' || day_text(local_day(c.age_checked_us)) || ',' END AS what
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'age' AND t.name = 'age_years' AND +s.day >= t.from_day AND +s.day < t.to_day
	JOIN client c ON c.id = s.client
	LEFT JOIN personal b ON b.entry = c.birth_date_entry AND b.field = 'birth_date'
WHERE s.state <> 'void'
	AND (c.age_checked_us IS NULL OR local_day(c.age_checked_us) > s.day
		OR (s.day - CAST(replace(b.value, '-', '') AS INTEGER)) / 10000 < t.value)
	AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	-- part: rule.session
