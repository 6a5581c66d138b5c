-- The run's row at its end. Times and summary follow from clock fits and cycles: the caller computes them.
INSERT INTO run (id, pen, log, number, boot, state, flags, first_seq, last_seq, tick_start_us, tick_end_us, end_reason,
	voltage_mv, depth_set_um, depth_source, depth_uncertainty_um, on_time_us, lost_cycles, gaps, after_us, before_us, entry,
	start_us, end_us, earliest_us, latest_us, quality, local_day,
	cycles, period_count, period_sum_us, freq_count, freq_sum_chz, freq_sq, freq_min_chz, freq_max_chz, freq_outside,
	depth_count, depth_sum_um, depth_sq, depth_min_um, depth_max_um, hist, block, blocks)
SELECT p ->> 'run', l.pen, l.id, p ->> 'number', p ->> 'boot', iif(p ->> 'cut', 2, 1),
	coalesce(p ->> 'flags', 0), p ->> '$.seq[0]', p ->> '$.seq[1]', p ->> '$.tick_us[0]', p ->> '$.tick_us[1]',
	iif(p ->> 'cut', NULL, nullif(coalesce(p ->> 'end_reason', 0), 255)), p ->> 'voltage_mv', p ->> 'depth_set_um', n.depth_source, n.depth_uncertainty_um,
	iif(p ->> 'cut', NULL, coalesce(p ->> 'on_time_us', p ->> '$.tick_us[1]' - p ->> '$.tick_us[0]')), coalesce(p ->> 'lost_cycles', 0), p -> 'gaps', p ->> 'after_us', p ->> 'before_us', seq,
	:start_us, :end_us, :earliest_us, :latest_us, :quality, :local_day,
	:cycles, :period_count, :period_sum_us, :freq_count, :freq_sum_chz, :freq_sq, :freq_min_chz, :freq_max_chz,
	:freq_outside, :depth_count, :depth_sum_um, :depth_sq, :depth_min_um, :depth_max_um, :hist, :block, :blocks
FROM (SELECT :seq AS seq, :payload AS p) JOIN log l ON l.id = p ->> 'log' JOIN pen n ON n.id = l.pen WHERE true
ON CONFLICT (id) DO UPDATE SET state = excluded.state, flags = excluded.flags, last_seq = excluded.last_seq,
	tick_start_us = excluded.tick_start_us, tick_end_us = excluded.tick_end_us, end_reason = excluded.end_reason,
	voltage_mv = excluded.voltage_mv, depth_set_um = excluded.depth_set_um,
	depth_source = excluded.depth_source, depth_uncertainty_um = excluded.depth_uncertainty_um,
	on_time_us = excluded.on_time_us, lost_cycles = excluded.lost_cycles, gaps = excluded.gaps,
	after_us = excluded.after_us, before_us = excluded.before_us, entry = excluded.entry,
	start_us = excluded.start_us, end_us = excluded.end_us, earliest_us = excluded.earliest_us,
	latest_us = excluded.latest_us, quality = excluded.quality, local_day = excluded.local_day,
	cycles = excluded.cycles, period_count = excluded.period_count, period_sum_us = excluded.period_sum_us,
	freq_count = excluded.freq_count, freq_sum_chz = excluded.freq_sum_chz, freq_sq = excluded.freq_sq,
	freq_min_chz = excluded.freq_min_chz, freq_max_chz = excluded.freq_max_chz, freq_outside = excluded.freq_outside,
	depth_count = excluded.depth_count, depth_sum_um = excluded.depth_sum_um, depth_sq = excluded.depth_sq,
	depth_min_um = excluded.depth_min_um, depth_max_um = excluded.depth_max_um, hist = excluded.hist,
	block = excluded.block, blocks = excluded.blocks
