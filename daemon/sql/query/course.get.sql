-- SPDX-License-Identifier: MIT
-- doc: One course with its sessions.
-- role: operator
-- shape: object
-- param: course ref:course required -- Its number; the client when there is only one; or client/1 for the client's first.
-- column: id int -- Number of the course.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: ordinal int -- Which of the client's courses it is, from 1.
-- column: goal text -- buzz, density, scar_camouflage or hairline.
-- column: practitioner int -- Number of the practitioner who leads it.
-- column: practitioner_name text -- Their name.
-- column: technique text -- As the clinic calls it.
-- column: zones json -- Where.
-- column: blueprint text -- What was drawn and agreed.
-- column: pigment_match text -- Shades agreed on.
-- column: planned_sessions int -- How many sessions were planned.
-- column: spacing_min_days int -- Least days between two sessions.
-- column: spacing_max_days int -- Most days between two sessions.
-- column: topup_min_months int -- A touch-up is due from so many months after completion.
-- column: topup_max_months int -- And until so many.
-- column: state text -- planned, active, completed or abandoned.
-- column: completed time -- When it was completed.
-- column: added time -- When it was recorded.
-- column: sessions json -- Its sessions, the first first: [{id, kind, course, ordinal, state, start, end, practitioner, runs, cycles, on_time_s},...].
-- column: version int -- Entry that last changed the record.

SELECT k.id, k.client, cn.value AS client_number, cm.value AS client_name, k.ordinal, k.goal, k.practitioner, p.name AS practitioner_name,
	k.technique, k.zones, b.value AS blueprint, k.pigment_match, k.planned_sessions, k.spacing_min_days, k.spacing_max_days,
	k.topup_min_months, k.topup_max_months, k.state, k.completed_us, k.added_us,
	(SELECT json_group_array(json_object('id', s.id, 'kind', s.kind, 'course', s.course, 'ordinal', s.ordinal, 'state', s.state, 'start', utc_time(s.start_us),
			'end', utc_time(s.end_us), 'practitioner', (SELECT name FROM practitioner WHERE id = s.practitioner),
			'runs', (SELECT count(*) FROM run WHERE session = s.id), 'cycles', (SELECT coalesce(sum(cycles), 0) FROM run WHERE session = s.id),
			'on_time_s', (SELECT coalesce(sum(on_time_us), 0) / 1e6 FROM run WHERE session = s.id)))
		FROM session s INDEXED BY session_course
		WHERE s.course = k.id AND s.state <> 'void') AS sessions,
	k.entry AS version
FROM course k
	LEFT JOIN client c ON c.id = k.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner p ON p.id = k.practitioner
	LEFT JOIN personal b ON b.entry = k.blueprint_entry AND b.field = 'blueprint'
WHERE k.id = :course
