-- Boots timed by the pen's real-time clock since it was last compared with ours.
SELECT boot, from_tick_us, quality, tick0_us, utc0_us, drift_ppb, err0_us, err_ppb FROM epoch
WHERE log = :log AND boot < :boot AND quality = 1 AND rtc_error_us IS NULL
	AND boot > coalesce((SELECT max(s.boot) FROM epoch s WHERE s.log = :log AND s.boot < :boot AND s.quality = 2
		AND s.rtc_error_us IS NOT NULL), -1)
