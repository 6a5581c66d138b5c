-- SPDX-License-Identifier: MIT
-- What was done to a record, by whom: of about a CROSS JOIN entry e.

		SELECT e.at_us AS at_us, 1 AS n, e.seq AS id, 'done' AS side, e.action AS what, coalesce((SELECT name FROM practitioner WHERE id = e.payload ->> 'on_behalf_of'), e.actor) AS who,
			NULL AS session, NULL AS client, NULL AS pen,
			ltrim(coalesce(', ' || (SELECT group_concat(f.value ->> 'field' || coalesce(' ' || (f.value ->> 'was') || ' to', '') || coalesce(' ' || (f.value ->> 'now'), ''), ', ')
					FROM json_each(history_fields(e.seq, e.action, e.payload)) f), '')
				|| coalesce(', ' || 'reason: ' || (SELECT value FROM personal WHERE entry = e.seq AND field = 'reason'), ''), ', ') AS detail, e.seq AS entry
