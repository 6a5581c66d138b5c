-- SPDX-License-Identifier: MIT
-- doc: Everything about one cartridge that has a serial number, in the order of time: the pens that it was in, the sessions and clients that it
-- doc: met, and what was done to the lots that it is of, by whom.
-- role: operator
-- shape: page
-- param: cartridge text required min=1 max=128 -- Its serial number, as the pen reported it or as it was scanned.
-- part: story.declare

-- part: story.begin
		-- part: story.done
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'lot' AND a.subject = 1
				AND a.id IN (SELECT o.lot FROM item_use o INDEXED BY item_use_serial WHERE o.serial = :cartridge AND o.lot IS NOT NULL AND o.void IS NULL)
		-- part: story.page N=1 AT=e.at_us ID=e.seq NOT=met
	UNION ALL
		-- part: story.use N=2
		FROM item_use u INDEXED BY item_use_serial LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.serial = :cartridge AND u.void IS NULL
		-- part: story.page N=2 AT=u.at_us ID=u.id NOT=done
-- part: story.end
