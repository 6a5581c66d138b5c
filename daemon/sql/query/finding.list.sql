-- doc: What is wrong with pens, their clocks or their records, newest first.
-- role: viewer
-- shape: page
-- param: pen text max=32 -- Only those of the pen with this serial number.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
-- column: id int -- Number of the finding: its entry.
-- column: pen text -- Serial number of the pen; null when it is of none.
-- column: kind text -- clock.jump, clock.backward, clock.rtc, log.diverged, run.totals and others.
-- column: at time -- When it was found.
-- column: detail json -- The particulars, by kind.

SELECT f.id, p.serial, f.kind, f.at_us, e.payload -> '$.detail' AS detail, f.id AS cursor
FROM finding f LEFT JOIN pen p ON p.id = f.pen JOIN entry e ON e.seq = f.id
WHERE true
	AND f.pen = (SELECT id FROM pen WHERE serial = :pen)     -- if pen
	AND f.id < cursor_part(:after, 0, 1)                     -- if after
ORDER BY f.id DESC
LIMIT :limit
