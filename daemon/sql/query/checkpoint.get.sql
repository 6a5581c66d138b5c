-- SPDX-License-Identifier: MIT
-- doc: The signed head of the chain of entries: kept elsewhere, it proves later that the record was not rolled back behind it or rewritten
-- doc: before it.
-- role: viewer
-- shape: object
-- column: seq int -- Number of the newest entry.
-- column: hash hex -- Its hash, which vouches for all entries up to it.
-- column: at time -- When it was signed.
-- column: at_us int -- The same in microseconds since 1970, as it is signed.
-- column: host text -- The record's own number, as it is signed.
-- column: key text -- Short name of the key.
-- column: public_key text -- Checks the signature, and signs nothing.
-- column: signature hex -- Ed25519 over the four, as daemon/chain/chain.h says.
SELECT h.seq AS seq, h.hash AS hash, h.at_us AS at, h.at_us AS at_us, (SELECT value FROM setting WHERE name = 'host_id') AS host, h.key_id AS key,
	(SELECT value FROM setting WHERE name = 'key') AS public_key, h.signature AS signature
FROM head h WHERE h.id = 1
