-- SPDX-License-Identifier: MIT
-- doc: The practitioner's licence was valid on the day of the session. A practitioner without a recorded licence date is not judged: not every
-- doc: place asks for licences. What counts is the date that stands there now.
-- source: Wales, special procedures licensing 2024
-- scope: session
-- online: yes
-- severity: error
-- threshold: grace_days int 0 days -- So many days after its last valid day a licence is still let pass.
-- key: session
-- says: {practitioner} worked on {client} {value} after the licence ended, on {licence_day}.
-- do: Let somebody else work; if the licence was renewed, record it: practitioner change.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	day_number(s.day) - day_number(expiry_day(p.licence_until)) AS value, t.value AS threshold, expiry_day(p.licence_until) AS licence_day
FROM session s
	JOIN practitioner p ON p.id = s.practitioner
	JOIN audit_threshold t ON t.rule = 'licence-expired' AND t.name = 'grace_days' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND p.licence_until IS NOT NULL
	AND day_number(s.day) - day_number(expiry_day(p.licence_until)) > t.value
	AND s.start_us >= :since_us   -- if since_us
	AND s.start_us < :until_us    -- if until_us
	AND s.id = :session           -- if session
	AND s.client = :client        -- if client
	AND s.practitioner = :practitioner -- if practitioner
	AND s.place = :place          -- if place
