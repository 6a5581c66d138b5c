-- SPDX-License-Identifier: MIT
-- doc: Courses, the newest first.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: state text values=planned|active|completed|abandoned -- Only these.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the course.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: ordinal int -- Which of the client's courses it is, from 1.
-- column: goal text -- buzz, density, scar_camouflage or hairline.
-- column: practitioner int -- Number of the practitioner who leads it.
-- column: practitioner_name text -- Their name.
-- column: zones json -- Where.
-- column: planned_sessions int -- How many sessions were planned.
-- column: sessions int -- How many there were, consultations left out.
-- column: last_session time -- When the last one began.
-- column: state text -- planned, active, completed or abandoned.
-- column: completed time -- When it was completed.
-- column: version int -- Entry that last changed the record.

SELECT k.id, k.client, cn.value AS client_number, cm.value AS client_name, k.ordinal, k.goal, k.practitioner, p.name AS practitioner_name,
	k.zones, k.planned_sessions,
	(SELECT count(*) FROM session WHERE course = k.id AND kind <> 'consultation' AND state <> 'void') AS sessions,
	(SELECT start_us FROM session WHERE course = k.id AND state <> 'void' ORDER BY start_us DESC LIMIT 1) AS last_session_us,
	k.state, k.completed_us, k.entry AS version, k.id AS cursor
FROM course k
	INDEXED BY course_state                          -- if state
	LEFT JOIN client c ON c.id = k.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner p ON p.id = k.practitioner
WHERE true
	AND k.id IN (SELECT id FROM course WHERE client = :client)  -- if client
	AND k.state = :state                             -- if state
	AND k.id < cursor_part(:after, 0, 1)             -- if after
ORDER BY k.id DESC
LIMIT :limit
