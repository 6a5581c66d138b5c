-- SPDX-License-Identifier: MIT
-- doc: Nothing is used of a lot that was recalled or put into quarantine, whenever that was: before the session or after it.
-- source: batch traceability; Regulation (EU) 2020/2081
-- scope: session
-- online: yes
-- severity: critical
-- key: session lot
-- says: {client} met {lot}, which is {status} since {status_at}.
-- do: Put it away; follow the recall and tell the client: recall lists everybody whom the lot met.

SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, u.lot AS lot,
	s.practitioner AS practitioner, s.place AS place, l.status AS status, l.status_us AS status_at
FROM item_use u JOIN session s ON s.id = u.session JOIN lot l ON l.id = u.lot
WHERE u.void IS NULL AND s.state <> 'void' AND u.lot IN (SELECT q.id FROM lot q WHERE q.status <> 'ok')
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND u.lot = :lot              -- if lot
UNION ALL
SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, u.lot AS lot,
	s.practitioner AS practitioner, s.place AS place, l.status AS status, l.status_us AS status_at
FROM hygiene u JOIN session s ON s.id = u.session JOIN lot l ON l.id = u.lot
WHERE u.void IS NULL AND s.state <> 'void' AND u.lot IN (SELECT q.id FROM lot q WHERE q.status <> 'ok')
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND u.lot = :lot              -- if lot
