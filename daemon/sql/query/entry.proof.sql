-- SPDX-License-Identifier: MIT
-- doc: Entries as they were hashed, the first first: for stipplectl export, and for whoever computes the chain again. What is
-- doc: hashed, and how, is in stipple-bundle(5).
-- role: viewer
-- shape: page
-- param: until int min=1 max=9223372036854775807 required -- Up to and with this entry.
-- param: limit int min=1 max=1000 default=200 -- At most so many.
-- param: after text max=64 -- Go on after this entry: a number, or the `next` of an earlier answer.
-- column: entry int -- Its place in the chain, from 1 on without gaps.
-- column: at_us int -- When it was written, microseconds since 1970.
-- column: actor text -- Who: daemon, pen:SERIAL, or a user.
-- column: action text -- What: pen.add, run.add, event.add and others.
-- column: request_id text -- The client's own id of the request; null when it gave none.
-- column: payload text -- Canonical JSON, as a text: byte for byte what was hashed.
-- column: hash hex -- BLAKE2b-256 over the previous hash and this entry.
-- column: summary json -- Of a motor run: 14 numbers, and the histograms in hex, which its payload has a digest of; null of others.

SELECT e.seq, e.at_us, e.actor, e.action, e.request_id, e.payload, e.hash,
	(SELECT json_array(r.cycles, r.period_count, r.period_sum_us, r.freq_count, r.freq_sum_chz, r.freq_sq, r.freq_min_chz, r.freq_max_chz,
			r.freq_outside, r.depth_count, r.depth_sum_um, r.depth_sq, r.depth_min_um, r.depth_max_um, lower(hex(r.hist)))
		FROM run r WHERE r.id = iif(e.action = 'run.add', e.payload ->> 'run', NULL)) AS summary,
	e.seq AS cursor
FROM entry e
WHERE e.seq <= :until
	AND e.seq > cursor_part(:after, 0, 1)                    -- if after
ORDER BY e.seq
LIMIT :limit
