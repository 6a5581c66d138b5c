UPDATE cursor SET next_seq = :next_seq, crc = :crc, boot = :boot, tick_us = :tick_us, run_number = :run_number,
	contact_us = :contact_us
WHERE log = :log
