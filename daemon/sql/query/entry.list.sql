-- doc: The chain of entries: everything that was ever written, in order. An entry's number is also the
-- doc: cursor of the durable stream.
-- role: viewer
-- shape: page
-- param: order text values=oldest|newest default=oldest -- Which come first.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on after this entry: a number, or the `next` of an earlier answer.
-- column: entry int -- Its place in the chain, from 1 on without gaps.
-- column: at time -- When it was written.
-- column: actor text -- Who: daemon, pen:SERIAL, or a user.
-- column: action text -- What: pen.add, run.add, event.add and others.
-- column: pen text -- Serial number of the pen that it is about; null when it is about none.
-- column: request_id text -- The client's own id of the request; null when it gave none.
-- column: payload json -- The content, as canonical JSON.
-- column: hash hex -- BLAKE2b-256 over the previous hash and this entry.

SELECT e.seq, e.at_us, e.actor, e.action, coalesce(
		iif(json_type(e.payload, '$.pen') = 'integer', (SELECT serial FROM pen WHERE id = e.payload ->> 'pen'), e.payload ->> 'pen'),
		iif(e.actor LIKE 'pen:%', substr(e.actor, 5), NULL)) AS pen,
	e.request_id, e.payload, e.hash, e.seq AS cursor
FROM entry e
WHERE true
	AND e.seq > cursor_part(:after, 0, 1)                    -- if after and order=oldest
	AND e.seq < cursor_part(:after, 0, 1)                    -- if after and order=newest
ORDER BY
	e.seq ASC                                                -- if order=oldest
	e.seq DESC                                               -- if order=newest
LIMIT :limit
