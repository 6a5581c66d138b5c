-- SPDX-License-Identifier: MIT
-- doc: Each session has its own barrier film: put on for it or used in it, or put on one of its pens since the pen's session before. A
-- doc: consultation in which no motor ran needs none.
-- source: NEHA Body Art Model Code 2024 s.8.2
-- scope: session
-- severity: error
-- key: session
-- says: No new barrier film is recorded for {session} of {client}.
-- do: If there was one, record it: hygiene add barrier, with the session.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place
FROM session s
WHERE s.state IN ('closed', 'signed')
	AND NOT EXISTS (SELECT 1 FROM hygiene h WHERE h.session = s.id AND h.kind = 'barrier' AND h.void IS NULL)
	AND NOT EXISTS (SELECT 1 FROM assignment a JOIN hygiene h ON h.pen = a.pen
		WHERE a.session = s.id AND a.void IS NULL AND h.kind = 'barrier' AND h.void IS NULL AND h.session IS NULL
			AND h.at_us <= coalesce(a.to_us, s.end_us)
			AND h.at_us >= coalesce((SELECT coalesce(b.to_us, o.end_us) FROM assignment b JOIN session o ON o.id = b.session
				WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND b.session <> s.id AND o.state <> 'void'
				ORDER BY b.from_us DESC LIMIT 1), 0))
	AND NOT EXISTS (SELECT 1 FROM item_use u LEFT JOIN lot l ON l.id = u.lot JOIN product p ON p.id = coalesce(u.product, l.product)
		WHERE u.session = s.id AND u.void IS NULL AND p.category = 'barrier')
	AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	-- part: rule.session
