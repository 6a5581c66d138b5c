-- The newest boots with the first fit of each, the newest first.
SELECT b.boot, b.last_tick_us, b.min_us, b.max_us, e.quality, e.tick0_us, e.utc0_us, e.drift_ppb, e.err0_us, e.err_ppb,
	e.boot_min_us, e.boot_max_us, (SELECT count(*) FROM epoch j WHERE j.log = b.log AND j.boot = b.boot)
FROM boot b LEFT JOIN epoch e ON e.log = b.log AND e.boot = b.boot AND e.from_tick_us = 0
WHERE b.log = :log ORDER BY b.boot DESC
