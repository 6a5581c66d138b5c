-- SPDX-License-Identifier: MIT
-- doc: One cartridge, known by its serial number, in two sessions: it is for one client and one sitting. A serial number is of a product, and
-- doc: counts whatever lot was typed beside it; cartridges of two products are two.
-- source: NEHA Body Art Model Code 2024 s.8; Oregon OAR 331-915-0080
-- scope: session
-- online: yes
-- severity: critical
-- key: session serial
-- says: Cartridge {serial} was used for {client}, and before, {other_at}, in {other_session} for {other_client}.
-- do: Take the cartridge out and discard it; tell both practitioners, and look after both clients.

SELECT u.at_us AS at_us, s.day AS day, s.id AS session, s.client AS client, u.pen AS pen, u.lot AS lot, s.practitioner AS practitioner,
	s.place AS place, u.serial AS serial, o.at_us AS other_at, os.id AS other_session, os.client AS other_client
FROM session s
	JOIN item_use u ON u.session = s.id AND u.serial IS NOT NULL AND u.void IS NULL
	JOIN item_use o ON o.id = (SELECT x.id FROM item_use x JOIN session xs ON xs.id = x.session
		WHERE x.serial = u.serial AND x.void IS NULL AND x.session <> u.session AND xs.state <> 'void'
			AND x.at_us <= u.at_us AND (x.at_us < u.at_us OR x.id < u.id)
			AND (x.product = u.product OR x.product IS NULL OR u.product IS NULL)
		ORDER BY x.at_us DESC LIMIT 1)
	JOIN session os ON os.id = o.session
WHERE s.state <> 'void'
	-- part: rule.session
	AND u.pen = :pen              -- if pen
	AND u.lot = :lot              -- if lot
