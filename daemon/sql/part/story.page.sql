-- SPDX-License-Identifier: MIT
-- What ends one kind of row: only what was asked for, from where the page before ended.
-- {AT} its time, {N} and {ID} as in story.begin, {NOT} the side that it is not of.

			AND {AT} >= :since -- if since
			AND {AT} < :until -- if until
			AND false -- if side={NOT}
			AND {AT} >= cursor_part(:after, 0, 3) AND ({AT}, {N}, {ID}) > (cursor_part(:after, 0, 3), cursor_part(:after, 1, 3), cursor_part(:after, 2, 3)) -- if after
