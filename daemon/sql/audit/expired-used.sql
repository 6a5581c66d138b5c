-- SPDX-License-Identifier: MIT
-- doc: Nothing is used after the last day that it is good for: cartridges, pigments and all else that was recorded with its lot. A lot whose
-- doc: expiry nobody recorded is not judged here; needle-lot-missing and ink-lot-missing tell of it.
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
