-- doc: What pens noted beside motor runs, newest first: boots, cartridges, counters, faults, buttons, clocks.
-- role: viewer
-- shape: page
-- param: pen text max=32 -- Only those of the pen with this serial number.
-- param: kind text max=32 -- Only those of this kind: boot, cartridge.in, cartridge.out, counters, fault, button, clock, unknown, bad.
-- param: since time -- Only those at this time or later.
-- param: until time -- Only those before this time.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on where an earlier answer ended: its `next`.
-- column: id int -- Number of the event: its entry.
-- column: pen text -- Serial number of the pen.
-- column: kind text -- What it was.
-- column: at time -- When it happened, best estimate.
-- column: earliest time -- It cannot have happened before this.
-- column: latest time -- It cannot have happened after this.
-- column: quality text -- Of the time: synced (measured by this host), rtc (by the pen's clock) or estimated.
-- column: boot int -- Power-ups of the pen before it.
-- column: tick_us int -- When it happened, microseconds since the pen's power-up.
-- column: seq int -- Number of its record in the pen's log.
-- column: data json -- The particulars, by kind.

SELECT v.id, p.serial, v.kind, v.at_us, v.earliest_us, v.latest_us,
	CASE v.quality WHEN 2 THEN 'synced' WHEN 1 THEN 'rtc' ELSE 'estimated' END AS quality,
	v.boot, v.tick_us, v.seq, e.payload -> '$.data' AS data,
	v.at_us || '.' || v.id AS cursor
FROM event v JOIN pen p ON p.id = v.pen JOIN entry e ON e.seq = v.id
WHERE true
	AND v.pen = (SELECT id FROM pen WHERE serial = :pen)                               -- if pen
	AND v.kind = :kind                                                                 -- if kind
	AND v.at_us >= :since                                                              -- if since
	AND v.at_us < :until                                                               -- if until
	AND (v.at_us, v.id) < (cursor_part(:after, 0, 2), cursor_part(:after, 1, 2))       -- if after
ORDER BY v.at_us DESC, v.id DESC
LIMIT :limit
