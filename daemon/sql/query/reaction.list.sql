-- SPDX-License-Identifier: MIT
-- doc: Adverse events, the newest first.
-- role: operator
-- shape: page
-- param: client ref:client -- Only those of this client: record number, or name.
-- param: session ref:session -- Only those that follow from this session.
-- param: state text values=open|closed -- Only those that are open, or closed.
-- param: void bool default=false -- Those too that were taken back as mistakes.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the reaction.
-- column: client int -- Number of the client.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: session int -- Number of the session that it follows from; null when not known.
-- column: kind text -- allergic, infection, migration, colour_shift, fading, blood_exposure or other.
-- column: cause text -- ink, unsterile, aftercare, too_deep, too_shallow, unknown or other; null when nobody has said.
-- column: severity text -- mild, moderate or severe.
-- column: at time -- When it was noticed.
-- column: note text -- What was seen and done.
-- column: reported time -- When it was reported; null when not.
-- column: reported_to text -- To whom.
-- column: followed_up time -- When it was last followed up; null when never.
-- column: follow_up text -- What was found then.
-- column: closed time -- When it was closed; null while it is open.
-- column: void bool -- Whether it was taken back as a mistake.
-- column: version int -- Entry that last changed the record.

SELECT x.id, x.client, cn.value AS client_number, cm.value AS client_name, x.session, x.kind, x.cause, x.severity, x.at_us, t.value AS note,
	x.reported_us, o.value AS reported_to, x.followed_up_us, f.value AS follow_up, x.closed_us, x.void IS NOT NULL AS void,
	x.entry AS version, x.at_us || '.' || x.id AS cursor
FROM reaction x
	INDEXED BY reaction_open                                                       -- if state=open
	LEFT JOIN client c ON c.id = x.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal t ON t.entry = x.note_entry AND t.field = 'note'
	LEFT JOIN personal o ON o.entry = x.reported_to_entry AND o.field = 'reported_to'
	LEFT JOIN personal f ON f.entry = x.follow_up_entry AND f.field = 'follow_up'
WHERE (x.void IS NULL OR :void)
	AND x.closed_us IS NULL AND x.void IS NULL                                     -- if state=open
	AND x.closed_us IS NOT NULL                                                    -- if state=closed
	AND x.client = :client                                                         -- if client
	AND x.session = :session                                                       -- if session
	AND (x.at_us, x.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))   -- if after
ORDER BY x.at_us DESC, x.id DESC
LIMIT :limit
