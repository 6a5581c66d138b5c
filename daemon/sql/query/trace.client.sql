-- SPDX-License-Identifier: MIT
-- doc: Everything about one client, in the order of time: sessions, pens, zones, steps, what was used, hygiene, consents, tests and
-- doc: reactions, and what was done to the record, by whom.
-- role: operator
-- shape: page
-- param: client ref:client required -- Record number, or name.
-- part: story.declare

-- part: story.begin
		-- part: story.done
		FROM about a CROSS JOIN entry e ON e.seq = a.entry
		WHERE a.noun = 'client' AND a.id = :client AND a.subject = 1
		-- part: story.page N=1 AT=e.at_us ID=e.seq NOT=met
	UNION ALL
		-- part: story.session N=2
		FROM session s INDEXED BY session_client
		WHERE s.client = :client AND s.state <> 'void'
		-- part: story.page N=2 AT=s.start_us ID=s.id NOT=done
	UNION ALL
		-- part: story.pen N=3
		FROM session s INDEXED BY session_client CROSS JOIN assignment a ON a.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND a.void IS NULL
		-- part: story.page N=3 AT=a.from_us ID=a.id NOT=done
	UNION ALL
		SELECT g.from_us, 4, g.id, 'met', 'zone', (SELECT name FROM practitioner WHERE id = s.practitioner),
			g.session, s.client, NULL,
			ltrim(coalesce(', ' || g.zone, '')
				|| coalesce(', ' || 'until ' || substr(local_time(g.to_us), 12), '')
				|| coalesce(', ' || (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note'), ''), ', '), g.entry
		FROM session s INDEXED BY session_client CROSS JOIN segment g ON g.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND g.void IS NULL
		-- part: story.page N=4 AT=g.from_us ID=g.id NOT=done
	UNION ALL
		SELECT g.at_us, 5, g.id, 'met', 'step', (SELECT name FROM practitioner WHERE id = s.practitioner),
			g.session, s.client, NULL,
			ltrim(coalesce(', ' || g.kind, '')
				|| coalesce(', ' || (SELECT value FROM personal WHERE entry = g.note_entry AND field = 'note'), ''), ', '), g.entry
		FROM session s INDEXED BY session_client CROSS JOIN step g ON g.session = s.id
		WHERE s.client = :client AND s.state <> 'void' AND g.void IS NULL
		-- part: story.page N=5 AT=g.at_us ID=g.id NOT=done
	UNION ALL
		-- part: story.use N=6
		FROM session s INDEXED BY session_client CROSS JOIN item_use u ON u.session = s.id LEFT JOIN lot k ON k.id = u.lot LEFT JOIN product q ON q.id = coalesce(u.product, k.product)
		WHERE s.client = :client AND s.state <> 'void' AND u.void IS NULL
		-- part: story.page N=6 AT=u.at_us ID=u.id NOT=done
	UNION ALL
		-- part: story.hygiene N=7
		FROM session s INDEXED BY session_client CROSS JOIN hygiene h ON h.session = s.id LEFT JOIN lot k ON k.id = h.lot LEFT JOIN product q ON q.id = coalesce(h.product, k.product)
		WHERE s.client = :client AND s.state <> 'void' AND h.void IS NULL
		-- part: story.page N=7 AT=h.at_us ID=h.id NOT=done
	UNION ALL
		-- part: story.consent N=8
		FROM consent n INDEXED BY consent_client
		WHERE n.client = :client AND n.void IS NULL
		-- part: story.page N=8 AT=n.at_us ID=n.id NOT=done
	UNION ALL
		-- part: story.patch_test N=9
		FROM patch_test x INDEXED BY patch_test_client LEFT JOIN lot k ON k.id = x.lot LEFT JOIN product q ON q.id = coalesce(x.product, k.product)
		WHERE x.client = :client AND x.void IS NULL
		-- part: story.page N=9 AT=x.at_us ID=x.id NOT=done
	UNION ALL
		SELECT x.at_us, 10, x.id, 'met', 'reaction', NULL,
			x.session, x.client, NULL,
			ltrim(coalesce(', ' || x.kind, '')
				|| coalesce(', ' || x.severity, '')
				|| coalesce(', ' || 'cause ' || x.cause, '')
				|| coalesce(', ' || 'reported ' || local_time(x.reported_us), '')
				|| coalesce(', ' || 'followed up ' || local_time(x.followed_up_us), '')
				|| coalesce(', ' || iif(x.closed_us IS NULL, 'open', 'closed ' || local_time(x.closed_us)), ''), ', '), x.entry
		FROM reaction x INDEXED BY reaction_client
		WHERE x.client = :client AND x.void IS NULL
		-- part: story.page N=10 AT=x.at_us ID=x.id NOT=done
	UNION ALL
		SELECT x.added_us, 11, x.id, 'met', 'course', (SELECT name FROM practitioner WHERE id = x.practitioner),
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || x.ordinal, '')
				|| coalesce(', ' || x.goal, '')
				|| coalesce(', ' || x.state, '')
				|| coalesce(', ' || 'completed ' || local_time(x.completed_us), ''), ', '), x.entry
		FROM course x
		WHERE x.client = :client
		-- part: story.page N=11 AT=x.added_us ID=x.id NOT=done
	UNION ALL
		SELECT e.at_us, 12, x.id, 'met', x.kind, e.actor,
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || (SELECT value FROM personal WHERE entry = x.code_entry AND field = 'code'), '')
				|| coalesce(', ' || x.zone, '')
				|| coalesce(', ' || 'since ' || x.since, '')
				|| coalesce(', ' || 'until ' || x.until, ''), ', '), x.entry
		FROM condition x INDEXED BY condition_client JOIN entry e ON e.seq = x.entry
		WHERE x.client = :client AND x.void IS NULL
		-- part: story.page N=12 AT=e.at_us ID=x.id NOT=done
-- part: story.end
