-- SPDX-License-Identifier: MIT
-- A consent or piece of aftercare n. {N} as in story.begin.

		SELECT n.at_us, {N}, n.id, 'met', n.kind, (SELECT name FROM practitioner WHERE id = n.practitioner),
			n.session, n.client, NULL,
			ltrim(coalesce(', ' || n.form, '')
				|| coalesce(', ' || n.form_version, '')
				|| coalesce(', ' || iif(n.risks, 'risks explained', NULL), '')
				|| coalesce(', ' || 'withdrawn ' || local_time(n.withdrawn_us), ''), ', '), n.entry
