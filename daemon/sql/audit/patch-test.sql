-- SPDX-License-Identifier: MIT
-- doc: A client's first session comes after a patch test, and long enough after it. No patch test on record is a finding too. Consultations
-- doc: do not count.
-- source: insurers' usual condition
-- scope: session
-- online: yes
-- severity: warn
-- threshold: hours real 24 h -- At least so long between the test and the session.
-- key: session
-- says: Before the first session of {client} {what}; at least {threshold} is asked for.
-- do: Wait, and read the test first; if there was one, record it with its time: patch_test add.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	round((s.start_us - (SELECT max(x.at_us) FROM patch_test x WHERE x.client = s.client AND x.void IS NULL AND x.at_us <= s.start_us)) / 3.6e9, 1) AS value,
	t.value AS threshold,
	coalesce('the patch test was only at ' || local_time((SELECT max(x.at_us) FROM patch_test x WHERE x.client = s.client AND x.void IS NULL
		AND x.at_us <= s.start_us)), 'no patch test is recorded') AS what
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'patch-test' AND t.name = 'hours' AND +s.day >= t.from_day AND +s.day < t.to_day
WHERE s.state <> 'void' AND s.kind <> 'consultation' AND s.client IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM session b WHERE b.client = s.client AND b.start_us < s.start_us AND b.state <> 'void' AND b.kind <> 'consultation')
	AND NOT EXISTS (SELECT 1 FROM patch_test x WHERE x.client = s.client AND x.void IS NULL AND x.at_us <= s.start_us - t.value * 3.6e9)
	-- part: rule.session
