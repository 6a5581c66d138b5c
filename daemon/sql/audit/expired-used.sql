-- SPDX-License-Identifier: MIT
-- doc: Nothing is used after the last day that it is good for: cartridges, pigments and all else that was recorded with its lot. A lot whose
-- doc: expiry nobody recorded is not judged here; needle-lot-missing and ink-lot-missing tell of it. What a pen was treated with for no session
-- doc: in particular counts to the session that had the pen then, or had it next, and is judged by the day on which it was done.
-- source: Oregon OAR 331-915-0065
-- scope: session
-- online: yes
-- severity: critical
-- threshold: grace_days int 0 days -- So many days after its last good day it may still be used.
-- key: session lot
-- says: {lot} was used for {client} {value} after its last good day, {expiry_day}.
-- do: Put it away and use another; look after the client, and correct the lot's expiry if it was typed wrong: lot change.

SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, u.lot AS lot,
	s.practitioner AS practitioner, s.place AS place, day_number(s.day) - day_number(l.expiry_day) AS value, t.value AS threshold,
	l.expiry_day AS expiry_day
FROM item_use u JOIN session s ON s.id = u.session JOIN lot l ON l.id = u.lot
	JOIN audit_threshold t ON t.rule = 'expired-used' AND t.name = 'grace_days' AND s.day >= t.from_day AND s.day < t.to_day
WHERE u.void IS NULL AND s.state <> 'void' AND l.expiry_day < s.day AND day_number(s.day) - day_number(l.expiry_day) > t.value
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND u.lot = :lot              -- if lot
UNION ALL
SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, u.lot AS lot,
	s.practitioner AS practitioner, s.place AS place, day_number(s.day) - day_number(l.expiry_day) AS value, t.value AS threshold,
	l.expiry_day AS expiry_day
FROM hygiene u JOIN session s ON s.id = u.session JOIN lot l ON l.id = u.lot
	JOIN audit_threshold t ON t.rule = 'expired-used' AND t.name = 'grace_days' AND s.day >= t.from_day AND s.day < t.to_day
WHERE u.void IS NULL AND s.state <> 'void' AND l.expiry_day < s.day AND day_number(s.day) - day_number(l.expiry_day) > t.value
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND u.lot = :lot              -- if lot
UNION ALL
SELECT h.at_us, s.day, s.id, s.client, h.pen, h.lot, s.practitioner, s.place,
	day_number(local_day(h.at_us)) - day_number(l.expiry_day), t.value, l.expiry_day
FROM hygiene h CROSS JOIN lot l ON l.id = h.lot CROSS JOIN assignment a ON a.id IN (
		(SELECT b.id FROM assignment b JOIN session o ON o.id = b.session
			WHERE b.pen = h.pen AND b.from_us <= h.at_us AND b.void IS NULL AND o.state <> 'void'
			ORDER BY b.from_us DESC LIMIT 1),
		(SELECT b.id FROM assignment b JOIN session o ON o.id = b.session
			WHERE b.pen = h.pen AND b.from_us > h.at_us AND b.void IS NULL AND o.state <> 'void'
			ORDER BY b.from_us LIMIT 1))
	CROSS JOIN session s ON s.id = a.session
	CROSS JOIN audit_threshold t ON t.rule = 'expired-used' AND t.name = 'grace_days' AND s.day >= t.from_day AND s.day < t.to_day
WHERE +h.session IS NULL AND h.void IS NULL AND +h.kind IN ('disinfected', 'barrier', 'cleaned', 'sterilised') AND local_day(h.at_us) > l.expiry_day
	AND day_number(local_day(h.at_us)) - day_number(l.expiry_day) > t.value
	AND a.void IS NULL AND s.state <> 'void'
	AND h.at_us < coalesce(a.to_us, s.end_us, 9000000000000000000)
	AND h.at_us >= coalesce((SELECT coalesce(b.to_us, o.end_us) FROM assignment b JOIN session o ON o.id = b.session
		WHERE b.pen = a.pen AND b.from_us < a.from_us AND b.void IS NULL AND o.state <> 'void' ORDER BY b.from_us DESC LIMIT 1), 0)
	-- part: rule.held IF=since_us OF=y.start_us>=:since_us
	-- part: rule.held IF=session OF=y.id=:session
	-- part: rule.held IF=client OF=y.client=:client
	-- part: rule.session
	AND h.pen = :pen              -- if pen
	AND h.lot = :lot              -- if lot
