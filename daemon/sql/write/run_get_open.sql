SELECT id, number, boot, flags, first_seq, last_seq, tick_start_us, tick_end_us, voltage_mv, depth_set_um, lost_cycles,
	after_us, before_us
FROM run WHERE log = :log AND state = 0
