-- SPDX-License-Identifier: MIT
-- A patch test x, with lot k of product q; both may be null. {N} as in story.begin.

		SELECT x.at_us, {N}, x.id, 'met', 'patch_test', (SELECT name FROM practitioner WHERE id = x.practitioner),
			NULL, x.client, NULL,
			ltrim(coalesce(', ' || q.name, '')
				|| coalesce(', ' || 'lot ' || k.number, '')
				|| coalesce(', ' || nullif(k.status, 'ok'), '')
				|| coalesce(', ' || iif(x.read_us IS NULL, 'not read', 'read ' || local_time(x.read_us)), '')
				|| coalesce(', ' || 'result ' || x.result, ''), ', '), x.entry
