INSERT INTO contact (log, seq, first_us, last_us) VALUES (:log, :seq, :at_us, :at_us)
ON CONFLICT (log, seq) DO UPDATE SET first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)
