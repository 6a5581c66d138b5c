SELECT first_seq, last_tick_us, min_us, max_us, rtc_tick_us, rtc_utc_us, rtc_accuracy_us
FROM boot WHERE log = :log AND boot = :boot
