-- doc: Records that a pen's ring overwrote before they could be read, newest first.
-- role: viewer
-- shape: page
-- param: pen text max=32 -- Only those of the pen with this serial number.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
-- column: id int -- Number of the loss: its entry.
-- column: pen text -- Serial number of the pen.
-- column: log_id text -- The pen's log, 16 hexadecimal digits.
-- column: first_seq int -- First record lost.
-- column: last_seq int -- Last record lost.
-- column: records int -- How many records.
-- column: earliest time -- They were made after this; null when unknown.
-- column: latest time -- They were made before this.

SELECT s.id, p.serial, l.log_id, s.first_seq, s.next_seq - 1 AS last_seq, s.next_seq - s.first_seq AS records,
	s.after_us, s.before_us, s.id AS cursor
FROM loss s JOIN pen p ON p.id = s.pen JOIN log l ON l.id = s.log
WHERE true
	AND s.pen = (SELECT id FROM pen WHERE serial = :pen)     -- if pen
	AND s.id < cursor_part(:after, 0, 1)                     -- if after
ORDER BY s.id DESC
LIMIT :limit
