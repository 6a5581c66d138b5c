-- SPDX-License-Identifier: MIT
-- doc: One adverse event with every follow-up.
-- role: operator
-- shape: object
-- param: reaction ref:reaction required -- Its number, or the client when one of theirs is open.
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
-- column: follow_ups json -- Each follow-up, the first first: [{at, by, text},...]; at is when it was written.
-- column: lots json -- What was used in its session: [{product, category, lot, status},...].
-- column: version int -- Entry that last changed the record.

SELECT x.id, x.client, cn.value AS client_number, cm.value AS client_name, x.session, x.kind, x.cause, x.severity, x.at_us, t.value AS note,
	x.reported_us, o.value AS reported_to, x.followed_up_us, f.value AS follow_up, x.closed_us, x.void IS NOT NULL AS void,
	(SELECT json_group_array(json_object('at', utc_time(e.at_us), 'by', e.actor, 'text', v.value))
		FROM about a JOIN entry e ON e.seq = a.entry LEFT JOIN personal v ON v.entry = e.seq AND v.field = 'follow_up'
		WHERE a.noun = 'reaction' AND a.id = x.id AND e.action = 'reaction.follow_up') AS follow_ups,
	(SELECT json_group_array(json_object('product', p.name, 'category', p.category, 'lot', l.number, 'status', l.status))
		FROM item_use u INDEXED BY item_use_session LEFT JOIN product p ON p.id = u.product LEFT JOIN lot l ON l.id = u.lot
		WHERE u.session = x.session AND u.void IS NULL) AS lots,
	x.entry AS version
FROM reaction x
	LEFT JOIN client c ON c.id = x.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal t ON t.entry = x.note_entry AND t.field = 'note'
	LEFT JOIN personal o ON o.entry = x.reported_to_entry AND o.field = 'reported_to'
	LEFT JOIN personal f ON f.entry = x.follow_up_entry AND f.field = 'follow_up'
WHERE x.id = :reaction
