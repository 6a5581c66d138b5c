-- SPDX-License-Identifier: MIT
-- doc: Nothing is used of a lot that was recalled or put into quarantine, whenever that was: before the session or after it. It met a client who
-- doc: had it in a session, also by the serial number of a cartridge that a pen reported, whose pen was treated with it, or who was patch-tested
-- doc: with it: whom recall lists, too.
-- source: batch traceability; Regulation (EU) 2020/2081
-- scope: session
-- online: yes
-- severity: critical
-- key: session lot patch_test
-- says: {client} met {lot}, which has been {status} since {status_at}.
-- do: Put it away; follow the recall and tell the client: recall lists everybody whom the lot met.

-- Of lots there are few that are not in order, so that each part begins with those. A pen that was treated for no session in particular met
-- whoever held it then, and those after until the same was done again, as in lot.clients.
SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, l.id AS lot,
	s.practitioner AS practitioner, s.place AS place, NULL AS patch_test, l.status AS status, l.status_us AS status_at
FROM lot l CROSS JOIN item_use u ON u.lot = l.id CROSS JOIN session s ON s.id = u.session
WHERE l.status <> 'ok' AND u.void IS NULL AND s.state <> 'void'
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND l.id = :lot               -- if lot
UNION ALL
SELECT u.at_us, s.day, s.id, s.client, u.pen, l.id, s.practitioner, s.place, NULL, l.status, l.status_us
FROM lot l CROSS JOIN item_use o ON o.lot = l.id CROSS JOIN item_use u ON u.serial = o.serial CROSS JOIN session s ON s.id = u.session
WHERE l.status <> 'ok' AND o.serial IS NOT NULL AND o.void IS NULL AND u.lot IS NULL AND u.void IS NULL AND s.state <> 'void'
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND l.id = :lot               -- if lot
UNION ALL
SELECT h.at_us, s.day, s.id, s.client, h.pen, l.id, s.practitioner, s.place, NULL, l.status, l.status_us
FROM lot l CROSS JOIN hygiene h ON h.lot = l.id CROSS JOIN session s ON s.id = h.session
WHERE l.status <> 'ok' AND h.void IS NULL AND s.state <> 'void'
	-- part: rule.session
	AND h.pen = :pen              -- if pen
	AND l.id = :lot               -- if lot
UNION ALL
SELECT max(a.from_us, h.at_us), s.day, s.id, s.client, a.pen, l.id, s.practitioner, s.place, NULL, l.status, l.status_us
FROM lot l CROSS JOIN hygiene h ON h.lot = l.id
	CROSS JOIN assignment a INDEXED BY assignment_pen ON a.pen = h.pen
	CROSS JOIN session s ON s.id = a.session
WHERE l.status <> 'ok' AND h.void IS NULL AND h.session IS NULL AND a.void IS NULL AND s.state <> 'void'
	AND a.from_us >= coalesce((SELECT iif(coalesce(b.to_us, (SELECT end_us FROM session WHERE id = b.session), h.at_us + 1) > h.at_us, b.from_us, NULL)
		FROM assignment b INDEXED BY assignment_pen
		WHERE b.pen = h.pen AND b.from_us <= h.at_us AND b.void IS NULL ORDER BY b.from_us DESC LIMIT 1), h.at_us)
	AND a.from_us < coalesce((SELECT g.at_us FROM hygiene g INDEXED BY hygiene_pen
		WHERE g.pen = h.pen AND g.at_us > h.at_us AND g.kind = h.kind AND g.void IS NULL ORDER BY g.at_us LIMIT 1), 9000000000000000000)
	-- part: rule.session
	AND a.pen = :pen              -- if pen
	AND l.id = :lot               -- if lot
UNION ALL
SELECT x.at_us, local_day(x.at_us), NULL, x.client, NULL, l.id, x.practitioner, NULL, x.id, l.status, l.status_us
FROM patch_test x CROSS JOIN lot l ON l.id = x.lot
WHERE l.status <> 'ok' AND x.void IS NULL AND x.at_us > 0
	AND x.at_us >= :since_us      -- if since_us
	AND x.at_us < :until_us       -- if until_us
	AND x.client = :client        -- if client
	AND x.practitioner = :practitioner -- if practitioner
	AND l.id = :lot               -- if lot
	AND :session IS NULL          -- if session
	AND :pen IS NULL              -- if pen
	AND :place IS NULL            -- if place
