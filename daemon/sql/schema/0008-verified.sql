-- What the last verification of the record found, for audit and status. As in 0002; a working table: a record that does not hold is not
-- written on in its chain because of that, and who changes this row changes nothing of what the next verification finds.

CREATE TABLE verified (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	at_us   INTEGER NOT NULL,                         -- when it ended
	entry   INTEGER NOT NULL,                         -- the newest entry then
	problem TEXT                                      -- the first thing that does not hold; NULL: all did
) STRICT;
