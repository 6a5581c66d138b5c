-- SPDX-License-Identifier: MIT
-- doc: The client was told about aftercare and got it in writing: for the session, or between its start and a day after its end. A
-- doc: consultation in which no motor ran needs neither.
-- source: NEHA Body Art Model Code 2024 s.7.3 and 7.5
-- scope: session
-- severity: error
-- key: session
-- says: For {session} of {client} {what} is not recorded.
-- do: Call the client if it was left out; record it: aftercare add.

-- said: 1 by word, 2 in writing.
SELECT g.at_us AS at_us, g.day AS day, g.session AS session, g.client AS client, g.practitioner AS practitioner, g.place AS place,
	CASE g.said WHEN 1 THEN 'the aftercare leaflet' WHEN 2 THEN 'the aftercare talk' ELSE 'aftercare, by word and in writing,' END AS what
FROM (SELECT f.*, f.own | coalesce((SELECT max(n.form = 'verbal') + 2 * max(n.form = 'written') FROM consent n INDEXED BY consent_client
			WHERE n.client = f.client AND n.at_us BETWEEN f.at_us AND f.end_us + 86400000000
				AND n.session IS NULL AND n.kind = 'aftercare' AND n.void IS NULL), 0) AS said
	FROM (SELECT s.start_us AS at_us, s.end_us AS end_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner,
			s.place AS place,
			coalesce((SELECT max(n.form = 'verbal') + 2 * max(n.form = 'written') FROM consent n INDEXED BY consent_session
				WHERE n.session = s.id AND n.client = s.client AND n.kind = 'aftercare' AND n.void IS NULL), 0) AS own
		FROM session s
		WHERE s.state IN ('closed', 'signed')
			AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
			-- part: rule.session
		) f
	WHERE f.own <> 3
	) g
WHERE g.said <> 3
