-- By how much the pen's real-time clock was wrong when that could last be measured.
SELECT rtc_error_us FROM epoch WHERE log = :log AND quality = 2 AND rtc_error_us IS NOT NULL ORDER BY boot DESC LIMIT 1
