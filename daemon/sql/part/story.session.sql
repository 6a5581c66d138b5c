-- SPDX-License-Identifier: MIT
-- A session s. {N} as in story.begin.

		SELECT s.start_us, {N}, s.id, 'met', 'session', (SELECT name FROM practitioner WHERE id = s.practitioner),
			s.id, s.client, (SELECT a.pen FROM assignment a INDEXED BY assignment_session WHERE a.session = s.id AND a.void IS NULL ORDER BY a.from_us LIMIT 1),
			ltrim(coalesce(', ' || s.kind || coalesce(' ' || s.ordinal, ''), '')
				|| coalesce(', ' || ((s.end_us - s.start_us) / 60000000) || ' min', '')
				|| coalesce(', ' || s.state, '')
				|| coalesce(', ' || (SELECT sum(t.runs) || ' runs, ' || sum(t.cycles) || ' cycles, ' || round(sum(t.on_time_us) / 6e7, 1) || ' min of motor' FROM session_total t WHERE t.session = s.id HAVING count(*) > 0), '')
				|| coalesce(', ' || (SELECT name FROM place WHERE id = s.place), '')
				|| coalesce(', ' || iif(s.complications = 'noted', 'complications noted', NULL), ''), ', '), s.entry
