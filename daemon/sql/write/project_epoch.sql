INSERT INTO epoch (log, boot, from_tick_us, quality, tick0_us, utc0_us, drift_ppb, err0_us, err_ppb, boot_min_us,
	boot_max_us, rtc_error_us, entry)
SELECT p ->> 'log', p ->> 'boot', coalesce(p ->> 'from_tick_us', 0),
	CASE p ->> 'quality' WHEN 'synced' THEN 2 WHEN 'rtc' THEN 1 ELSE 0 END,
	p ->> 'tick0_us', p ->> 'utc0_us', p ->> 'drift_ppb', p ->> 'err0_us', p ->> 'err_ppb',
	p ->> 'boot_min_us', p ->> 'boot_max_us', p ->> 'rtc_error_us', seq
FROM (SELECT :seq AS seq, :payload AS p) WHERE true
ON CONFLICT (log, boot, from_tick_us) DO UPDATE SET quality = excluded.quality, tick0_us = excluded.tick0_us,
	utc0_us = excluded.utc0_us, drift_ppb = excluded.drift_ppb, err0_us = excluded.err0_us,
	err_ppb = excluded.err_ppb, boot_min_us = excluded.boot_min_us, boot_max_us = excluded.boot_max_us,
	rtc_error_us = excluded.rtc_error_us, entry = excluded.entry
