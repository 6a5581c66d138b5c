-- Which heads are kept, version 9: when the first head of a day is kept, an entry says of the one before it that it was, so that none can be
-- taken out unseen. As in 0002.

-- The entry (head.keep) that says so. NULL: none yet, as of the newest, and of all that were kept before this version until a day begins.
ALTER TABLE kept_head ADD COLUMN entry INTEGER REFERENCES entry (seq);
-- Only a record that was of this version once has such entries.
UPDATE kept_head SET entry = t.seq
FROM (SELECT seq, payload ->> 'seq' AS kept FROM entry WHERE action = 'head.keep') t
WHERE t.kept = kept_head.seq;
