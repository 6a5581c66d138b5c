-- SPDX-License-Identifier: MIT
-- doc: Aftercare talks and leaflets, the newest first.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: session ref:session -- Only those after this session.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the record: that of a consent, as its verbs take it.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: session int -- Number of the session; null for none.
-- column: form text -- verbal or written.
-- column: form_version text -- Of the leaflet.
-- column: at time -- When.
-- column: practitioner int -- Number of the practitioner.
-- column: practitioner_name text -- Their name.
-- column: note text -- Free text.
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT n.id, n.client, cn.value AS client_number, cm.value AS client_name, n.session, n.form, n.form_version, n.at_us,
	n.practitioner, pr.name AS practitioner_name, t.value AS note, n.void IS NOT NULL AS void, n.entry AS version,
	n.at_us || '.' || n.id AS cursor
FROM consent n
	LEFT JOIN client c ON c.id = n.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN practitioner pr ON pr.id = n.practitioner
	LEFT JOIN personal t ON t.entry = n.note_entry AND t.field = 'note'
WHERE n.kind = 'aftercare' AND (n.void IS NULL OR :void)
	AND n.client = :client                                                         -- if client
	AND n.session = :session                                                       -- if session
	AND (n.at_us, n.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))   -- if after
ORDER BY n.at_us DESC, n.id DESC
LIMIT :limit
