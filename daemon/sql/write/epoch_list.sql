-- The fits of a boot that hold at a tick or before it, the newest first.
SELECT from_tick_us, quality, tick0_us, utc0_us, drift_ppb, err0_us, err_ppb, boot_min_us, boot_max_us, rtc_error_us
FROM epoch WHERE log = :log AND boot = :boot AND from_tick_us <= :tick_us ORDER BY from_tick_us DESC
