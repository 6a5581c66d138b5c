-- SPDX-License-Identifier: MIT
-- doc: Everything about one practitioner, in the order of time: sessions with their clients, hygiene, consents, aftercare and patch tests, and
-- doc: what was done to the record, by whom.
-- role: operator
-- shape: page
-- param: practitioner ref:practitioner required -- The name, or the beginning of a word of it.
-- part: story.declare

-- part: story.begin
		-- part: story.done
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'practitioner' AND a.id = :practitioner AND a.subject = 1
		-- part: story.page N=1 AT=e.at_us ID=e.seq NOT=met
	UNION ALL
		-- part: story.session N=2
		FROM session s INDEXED BY session_practitioner
		WHERE s.practitioner = :practitioner AND s.state <> 'void'
		-- part: story.page N=2 AT=s.start_us ID=s.id NOT=done
	UNION ALL
		-- part: story.hygiene N=3
		FROM hygiene h INDEXED BY hygiene_at LEFT JOIN session s ON s.id = h.session LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE h.practitioner = :practitioner AND h.void IS NULL
		-- part: story.page N=3 AT=h.at_us ID=h.id NOT=done
	UNION ALL
		-- part: story.consent N=4
		FROM consent n INDEXED BY consent_at
		WHERE n.practitioner = :practitioner AND n.void IS NULL
		-- part: story.page N=4 AT=n.at_us ID=n.id NOT=done
	UNION ALL
		-- part: story.patch_test N=5
		FROM patch_test x INDEXED BY patch_test_at LEFT JOIN lot k ON k.id = x.lot LEFT JOIN product q ON q.id = coalesce(x.product, k.product)
		WHERE x.practitioner = :practitioner AND x.void IS NULL
		-- part: story.page N=5 AT=x.at_us ID=x.id NOT=done
-- part: story.end
