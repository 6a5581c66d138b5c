-- SPDX-License-Identifier: MIT
-- doc: Whom a lot met, the first first: each session that it was used in, also by the serial number of a cartridge that a pen reported,
-- doc: each whose pen was disinfected or wrapped with it, and patch tests; with how to reach the client.
-- role: operator
-- shape: list
-- param: lot ref:lot required -- Its number as printed, or product and number.
-- column: at time -- When it was used; of a session whose pen was treated with it, when the pen came to the session.
-- column: client int -- Number of the client in this database; null while nobody has said who sat there.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: contact text -- How a recall reaches the client; null when not recorded, or erased.
-- column: session int -- Number of the session; null of a patch test.
-- column: through text -- How it met: cartridge, pigment, ... used; disinfected, barrier, ...: the pen was treated with it; patch_test.
-- column: product_name text -- What it is.
-- column: serial text -- Serial number of the cartridge.
-- column: pen text -- Serial number of the pen, or of the session's only one; null when not known.
-- column: treated time -- When the pen was treated with it; null where it was used itself.
-- column: practitioner_name text -- Who worked.
-- column: entry int -- The entry that holds it.

-- A pen that was treated for no session in particular met whoever held it then, and those after until the same was done again.
WITH met (at_us, client, session, via, serial, pen, treated_us, practitioner, entry) AS (
	SELECT u.at_us, s.client, u.session, NULL, u.serial,
		coalesce(u.pen, (SELECT iif(count(DISTINCT a.pen) = 1, max(a.pen), NULL) FROM assignment a INDEXED BY assignment_session WHERE a.session = u.session AND a.void IS NULL)),
		NULL, s.practitioner, u.entry
	FROM item_use u INDEXED BY item_use_lot LEFT JOIN session s ON s.id = u.session
	WHERE u.lot = :lot AND u.void IS NULL AND s.state IS NOT 'void'
	UNION ALL
	SELECT u.at_us, s.client, u.session, 'cartridge', u.serial, u.pen, NULL, s.practitioner, u.entry
	FROM (SELECT DISTINCT o.serial FROM item_use o INDEXED BY item_use_lot WHERE o.lot = :lot AND o.serial IS NOT NULL AND o.void IS NULL) few
		CROSS JOIN item_use u INDEXED BY item_use_serial ON u.serial = few.serial
		LEFT JOIN session s ON s.id = u.session
	WHERE u.lot IS NULL AND u.void IS NULL AND s.state IS NOT 'void'
		AND NOT EXISTS (SELECT 1 FROM item_use x INDEXED BY item_use_session
			WHERE x.session = u.session AND x.lot = :lot AND x.serial = u.serial AND x.void IS NULL)
	UNION ALL
	SELECT s.start_us, s.client, s.id, h.kind, NULL, h.pen, h.at_us, s.practitioner, h.entry
	FROM hygiene h INDEXED BY hygiene_lot CROSS JOIN session s ON s.id = h.session
	WHERE h.lot = :lot AND h.void IS NULL AND s.state <> 'void'
	UNION ALL
	SELECT a.from_us, s.client, a.session, h.kind, NULL, h.pen, h.at_us, s.practitioner, h.entry
	FROM hygiene h INDEXED BY hygiene_lot
		CROSS JOIN assignment a INDEXED BY assignment_pen ON a.pen = h.pen
		CROSS JOIN session s ON s.id = a.session
	WHERE h.lot = :lot AND h.void IS NULL AND h.session IS NULL AND h.pen IS NOT NULL AND a.void IS NULL AND s.state <> 'void'
		AND a.from_us >= coalesce((SELECT iif(coalesce(b.to_us, (SELECT end_us FROM session WHERE id = b.session), h.at_us + 1) > h.at_us, b.from_us, NULL)
			FROM assignment b INDEXED BY assignment_pen
			WHERE b.pen = h.pen AND b.from_us <= h.at_us AND b.void IS NULL ORDER BY b.from_us DESC LIMIT 1), h.at_us)
		AND a.from_us < coalesce((SELECT g.at_us FROM hygiene g INDEXED BY hygiene_pen
			WHERE g.pen = h.pen AND g.at_us > h.at_us AND g.kind = h.kind AND g.void IS NULL ORDER BY g.at_us LIMIT 1), 9000000000000000000)
	UNION ALL
	SELECT x.at_us, x.client, NULL, 'patch_test', NULL, NULL, NULL, x.practitioner, x.entry
	FROM patch_test x
	WHERE x.lot = :lot AND x.void IS NULL
)
SELECT few.at_us, few.client, cn.value AS client_number, cm.value AS client_name, cc.value AS contact, few.session,
	coalesce(few.via, p.category) AS through, p.name AS product_name, few.serial, (SELECT serial FROM pen WHERE id = few.pen) AS pen,
	few.treated_us, (SELECT name FROM practitioner WHERE id = few.practitioner) AS practitioner_name, few.entry
FROM met few
	JOIN lot l ON l.id = :lot JOIN product p ON p.id = l.product
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal cc ON cc.entry = c.contact_entry AND cc.field = 'contact'
ORDER BY few.at_us, few.session, few.entry
