-- SPDX-License-Identifier: MIT
-- A use u of lot k of product q in session s; lot, product and session may be null. {N} as in story.begin.

		SELECT u.at_us, {N}, u.id, 'met', coalesce(q.category, 'cartridge'), iif(u.source = 'pen', 'pen', (SELECT name FROM practitioner WHERE id = s.practitioner)),
			u.session, s.client, coalesce(u.pen, (SELECT iif(count(DISTINCT a.pen) = 1, max(a.pen), NULL) FROM assignment a INDEXED BY assignment_session WHERE a.session = u.session AND a.void IS NULL)),
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || 'good to ' || k.expiry, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || 'serial ' || u.serial, '')
				|| coalesce(', ' || coalesce(u.needle, q.needle), '')
				|| coalesce(', ' || iif(u.quantity > 1, u.quantity || ' pieces', NULL), '')
				|| coalesce(', ' || 'taken out ' || local_time(u.until_us), ''), ', '), u.entry
