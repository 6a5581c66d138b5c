-- SPDX-License-Identifier: MIT
-- A record h of hygiene, with lot k of product q, in session s; each of these may be null. {N} as in story.begin.

		SELECT h.at_us, {N}, h.id, 'met', h.kind, (SELECT name FROM practitioner WHERE id = h.practitioner),
			h.session, s.client, h.pen,
			ltrim(coalesce(', ' || (SELECT name FROM place WHERE id = h.place), '')
				|| coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || h.concentration, '')
				|| coalesce(', ' || h.result, ''), ', '), h.entry
