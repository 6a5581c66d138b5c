-- SPDX-License-Identifier: MIT
-- Of pens' hygiene h, what lies between the end of whoever had the pen before and the end of a session y of which {OF}: few rows to begin
-- with when a rule is asked for a day, a client or a session ({IF}).

	AND h.id IN (SELECT x.id FROM session y CROSS JOIN assignment c ON c.session = y.id -- if {IF}
		CROSS JOIN hygiene x ON x.pen = c.pen AND x.at_us < coalesce(c.to_us, y.end_us, 9000000000000000000) -- if {IF}
			AND x.at_us >= coalesce((SELECT coalesce(b.to_us, o.end_us) FROM assignment b JOIN session o ON o.id = b.session -- if {IF}
				WHERE b.pen = c.pen AND b.from_us < c.from_us AND b.void IS NULL AND o.state <> 'void' ORDER BY b.from_us DESC LIMIT 1), 0) -- if {IF}
		WHERE {OF} -- if {IF}
			AND y.start_us < :until_us -- if {IF} and until_us
		) -- if {IF}
