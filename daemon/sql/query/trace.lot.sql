-- SPDX-License-Identifier: MIT
-- doc: Everything about one lot, in the order of time: the sessions and clients that it was used on, also by serial number of a cartridge
-- doc: that a pen reported, what was disinfected or wrapped with it, patch tests, and what was done to it, by whom.
-- role: operator
-- shape: page
-- param: lot ref:lot required -- Its number as printed, or product and number.
-- part: story.declare

-- part: story.begin
		-- part: story.done
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'lot' AND a.id = :lot AND a.subject = 1
		-- part: story.page N=1 AT=e.at_us ID=e.seq NOT=met
	UNION ALL
		-- part: story.use N=2
		FROM item_use u INDEXED BY item_use_lot LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.lot = :lot AND u.void IS NULL
		-- part: story.page N=2 AT=u.at_us ID=u.id NOT=done
	UNION ALL
		-- part: story.use N=3
		FROM item_use u INDEXED BY item_use_serial LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.lot IS NULL AND u.serial IN (SELECT o.serial FROM item_use o INDEXED BY item_use_lot WHERE o.lot = :lot AND o.serial IS NOT NULL AND o.void IS NULL) AND u.void IS NULL
		-- part: story.page N=3 AT=u.at_us ID=u.id NOT=done
	UNION ALL
		-- part: story.hygiene N=4
		FROM hygiene h INDEXED BY hygiene_lot LEFT JOIN session s ON s.id = h.session LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE h.lot = :lot AND h.void IS NULL
		-- part: story.page N=4 AT=h.at_us ID=h.id NOT=done
	UNION ALL
		-- part: story.patch_test N=5
		FROM patch_test x INDEXED BY patch_test_at LEFT JOIN lot k ON k.id = x.lot LEFT JOIN product q ON q.id = coalesce(x.product, k.product)
		WHERE x.lot = :lot AND x.void IS NULL
		-- part: story.page N=5 AT=x.at_us ID=x.id NOT=done
-- part: story.end
