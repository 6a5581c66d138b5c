-- SPDX-License-Identifier: MIT
-- doc: The practitioner's licence was valid on the day of the session, by what held on that day: a licence that was renewed later does not
-- doc: mend it, unless it is recorded with an earlier first day (licence_from). A practitioner without a recorded licence is not judged: not
-- doc: every place asks for licences.
-- source: Wales, special procedures licensing 2024
-- scope: session
-- online: yes
-- severity: error
-- threshold: grace_days int 0 days -- So many days after its last valid day a licence is still let pass.
-- key: session
-- says: {practitioner} worked on {client} {value} after the licence ended, on {licence_day}.
-- do: Let somebody else work; if the licence was renewed in time, record that with its first day: practitioner change.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	day_number(s.day) - day_number(p.until_day) AS value, t.value AS threshold, p.until_day AS licence_day
FROM session s
	JOIN licence p ON p.practitioner = s.practitioner
		AND p.from_day = (SELECT max(x.from_day) FROM licence x WHERE x.practitioner = s.practitioner AND x.from_day <= s.day)
	JOIN audit_threshold t ON t.rule = 'licence-expired' AND t.name = 'grace_days' AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND p.until_day < s.day AND day_number(s.day) - day_number(p.until_day) > t.value
	-- part: rule.session
