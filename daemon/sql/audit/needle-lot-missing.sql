-- SPDX-License-Identifier: MIT
-- doc: A session that has ended names at least one needle cartridge; each, and each dermaroller, with its lot and the lot's expiry. What a
-- doc: pen alone reported, by serial number, is not asked for a lot. A consultation in which no motor ran needs none.
-- source: NEHA Body Art Model Code 2024 s.7; Ontario O. Reg. 136/18
-- scope: session
-- severity: error
-- key: session
-- says: In {session} of {client} {what}.
-- do: Scan the box, or type what stands on it: lot use; an expiry that is missing: lot change.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	coalesce((SELECT iif(l.id IS NULL, p.name || ' is recorded without its lot', 'lot ' || l.number || ' of ' || p.name || ' has no expiry')
		FROM item_use u JOIN product p ON p.id = u.product LEFT JOIN lot l ON l.id = u.lot
		WHERE u.session = s.id AND u.void IS NULL AND p.category IN ('cartridge', 'dermaroller') AND l.expiry_day IS NULL
		ORDER BY u.at_us, u.id LIMIT 1), 'no needle cartridge is recorded with its lot') AS what
FROM session s
WHERE s.state IN ('closed', 'signed')
	AND (SELECT max(p.category = 'cartridge') AND min(l.expiry_day IS NOT NULL)
		FROM item_use u CROSS JOIN product p ON p.id = u.product LEFT JOIN lot l ON l.id = u.lot
		WHERE u.session = s.id AND u.void IS NULL AND p.category IN ('cartridge', 'dermaroller')) IS NOT 1
	AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	-- part: rule.session
