-- SPDX-License-Identifier: MIT
-- A pen's part a in session s. {N} as in story.begin.

		SELECT a.from_us, {N}, a.id, 'met', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner),
			a.session, s.client, a.pen,
			ltrim(coalesce(', ' || s.kind || coalesce(' ' || s.ordinal, ''), '')
				|| coalesce(', ' || 'until ' || substr(local_time(a.to_us), 12), '')
				|| coalesce(', ' || (SELECT t.runs || ' runs, ' || t.cycles || ' cycles, ' || round(t.on_time_us / 6e7, 1) || ' min of motor' FROM session_total t WHERE t.session = a.session AND t.pen = a.pen), ''), ', '), a.entry
