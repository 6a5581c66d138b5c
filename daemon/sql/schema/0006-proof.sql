-- Proof: heads that are kept, so that a period can be proven without all that came after it. As in 0002; no projection, for a head is
-- signed beside the chain: verification checks each of them against the chain and the key. One that is taken out takes no proof from the
-- record, but makes what proves a period longer (stipple-bundle(5)); version 9 finds that, too.

-- The first head of each day, in the clinic's zone. Signed as what it is, so that it cannot stand for the newest one.
CREATE TABLE kept_head (
	seq       INTEGER PRIMARY KEY,
	hash      BLOB NOT NULL CHECK (length(hash) = 32),
	at_us     INTEGER NOT NULL,
	key_id    TEXT NOT NULL,
	signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
