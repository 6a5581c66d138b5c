INSERT INTO boot (log, boot, first_seq, last_tick_us, min_us, max_us, rtc_tick_us, rtc_utc_us, rtc_accuracy_us)
VALUES (:log, :boot, :first_seq, :last_tick_us, :min_us, :max_us, :rtc_tick_us, :rtc_utc_us, :rtc_accuracy_us)
ON CONFLICT (log, boot) DO UPDATE SET last_tick_us = excluded.last_tick_us, min_us = excluded.min_us,
	max_us = excluded.max_us, rtc_tick_us = excluded.rtc_tick_us, rtc_utc_us = excluded.rtc_utc_us,
	rtc_accuracy_us = excluded.rtc_accuracy_us
