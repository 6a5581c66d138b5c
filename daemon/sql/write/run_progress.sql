-- An open run as of this commit.
UPDATE run SET flags = :flags, last_seq = :last_seq, tick_start_us = :tick_start_us, tick_end_us = :tick_end_us,
	lost_cycles = :lost_cycles, gaps = :gaps, after_us = :after_us, before_us = :before_us,
	start_us = :start_us, end_us = :end_us, earliest_us = :earliest_us, latest_us = :latest_us, quality = :quality,
	local_day = :local_day,
	cycles = :cycles, period_count = :period_count, period_sum_us = :period_sum_us, freq_count = :freq_count,
	freq_sum_chz = :freq_sum_chz, freq_sq = :freq_sq, freq_min_chz = :freq_min_chz, freq_max_chz = :freq_max_chz,
	freq_outside = :freq_outside, depth_count = :depth_count, depth_sum_um = :depth_sum_um, depth_sq = :depth_sq,
	depth_min_um = :depth_min_um, depth_max_um = :depth_max_um, hist = :hist
WHERE id = :id
