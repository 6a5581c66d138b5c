-- SPDX-License-Identifier: MIT
-- doc: Everything about one pen, in the order of time: the sessions and clients that it worked on, its cartridges, its hygiene, machine time
-- doc: that is no session's, what was lost or found, and what was done to it, by whom.
-- role: operator
-- shape: page
-- param: pen ref:pen required -- Its serial number, or the beginning of it.
-- part: story.declare

-- part: story.begin
		-- part: story.done
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'pen' AND a.id = :pen AND a.subject = 1
		-- part: story.page N=1 AT=e.at_us ID=e.seq NOT=met
	UNION ALL
		-- part: story.pen N=2
		FROM assignment a INDEXED BY assignment_pen JOIN session s ON s.id = a.session
		WHERE a.pen = :pen AND s.state <> 'void' AND a.void IS NULL
		-- part: story.page N=2 AT=a.from_us ID=a.id NOT=done
	UNION ALL
		-- part: story.use N=3
		FROM item_use u INDEXED BY item_use_pen LEFT JOIN session s ON s.id = u.session LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE u.pen = :pen AND u.void IS NULL
		-- part: story.page N=3 AT=u.at_us ID=u.id NOT=done
	UNION ALL
		-- part: story.hygiene N=4
		FROM hygiene h INDEXED BY hygiene_pen LEFT JOIN session s ON s.id = h.session LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE h.pen = :pen AND h.void IS NULL
		-- part: story.page N=4 AT=h.at_us ID=h.id NOT=done
	UNION ALL
		SELECT r.start_us, 5, r.id, 'met', 'run of nobody', NULL,
			NULL, NULL, r.pen,
			ltrim(coalesce(', ' || 'run #' || r.id, '')
				|| coalesce(', ' || r.cycles || ' cycles', '')
				|| coalesce(', ' || round(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us) / 1e6, 1) || ' s', ''), ', '), r.entry
		FROM run r INDEXED BY run_unattributed
		WHERE r.session IS NULL AND r.attribution <> 3 AND r.start_us IS NOT NULL AND r.pen = :pen
		-- part: story.page N=5 AT=r.start_us ID=r.id NOT=done
	UNION ALL
		SELECT r.start_us, 6, r.id, 'met', 'run dismissed', (SELECT actor FROM entry WHERE seq = r.attribution_entry),
			NULL, NULL, r.pen,
			ltrim(coalesce(', ' || 'run #' || r.id, '')
				|| coalesce(', ' || r.dismissed, '')
				|| coalesce(', ' || r.cycles || ' cycles', '')
				|| coalesce(', ' || round(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us) / 1e6, 1) || ' s', ''), ', '), r.entry
		FROM run r INDEXED BY run_dismissed
		WHERE r.attribution = 3 AND r.start_us IS NOT NULL AND r.pen = :pen
		-- part: story.page N=6 AT=r.start_us ID=r.id NOT=done
	UNION ALL
		SELECT x.first_seen_us, 7, x.id, 'met', 'first seen', NULL,
			NULL, NULL, x.id,
			ltrim(coalesce(', ' || x.manufacturer, '')
				|| coalesce(', ' || x.model, '')
				|| coalesce(', ' || 'firmware now ' || x.firmware, ''), ', '), x.entry
		FROM pen x
		WHERE x.id = :pen
		-- part: story.page N=7 AT=x.first_seen_us ID=x.id NOT=done
	UNION ALL
		SELECT x.before_us, 8, x.id, 'met', 'records lost', NULL,
			NULL, NULL, x.pen,
			ltrim(coalesce(', ' || (x.next_seq - x.first_seq) || ' records', '')
				|| coalesce(', ' || 'after ' || local_time(x.after_us), ''), ', '), x.id
		FROM loss x INDEXED BY loss_pen
		WHERE x.pen = :pen
		-- part: story.page N=8 AT=x.before_us ID=x.id NOT=done
	UNION ALL
		SELECT x.at_us, 9, x.id, 'met', 'finding', NULL,
			NULL, NULL, x.pen,
			ltrim(coalesce(', ' || x.kind, ''), ', '), x.id
		FROM finding x INDEXED BY finding_pen
		WHERE x.pen = :pen
		-- part: story.page N=9 AT=x.at_us ID=x.id NOT=done
	UNION ALL
		SELECT x.at_us, 10, x.id, 'done', x.kind, (SELECT actor FROM entry WHERE seq = x.id),
			NULL, NULL, x.pen,
			'', x.id
		FROM mark x INDEXED BY mark_pen
		WHERE x.pen = :pen
		-- part: story.page N=10 AT=x.at_us ID=x.id NOT=met
-- part: story.end
