-- SPDX-License-Identifier: MIT
-- doc: Signed heads of the past, the first first: of each day the first one is kept. Each vouches for all entries up to its own.
-- role: viewer
-- shape: page
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Only those beyond this entry: a number, or the `next` of an earlier answer.
-- column: seq int -- Number of the newest entry then.
-- column: hash hex -- Its hash.
-- column: at time -- When it was signed.
-- column: at_us int -- The same in microseconds since 1970, as it is signed.
-- column: key text -- Short name of the key.
-- column: signature hex -- Ed25519 over the four of checkpoint.get, as that of a kept head (daemon/chain/chain.h).

SELECT k.seq, k.hash, k.at_us AS at, k.at_us AS at_us, k.key_id AS key, k.signature, k.seq AS cursor
FROM kept_head k
WHERE true
	AND k.seq > cursor_part(:after, 0, 1)                    -- if after
ORDER BY k.seq
LIMIT :limit
