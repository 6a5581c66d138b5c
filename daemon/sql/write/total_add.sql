-- flags & 39: what keeps a run from being complete (enum run_flag). Nothing in a run's row is so large that a sum could overflow, but for
-- a motor-on time of the pen's own invention.
INSERT INTO session_total (session, pen, runs, estimated, incomplete, cycles, lost_cycles, on_time_us, freq_count, freq_sum_chz, depth_count,
	depth_sum_um, depth_runs, depth_uncertainty_um, spread_chz, voltage_min_mv, voltage_max_mv, vibration_mg, hist, first_us, needle_us, depth_max_um)
SELECT r.session, r.pen, count(*), total_int(coalesce(r.quality, 0) = 0), total_int(r.state <> 1 OR r.lost_cycles > 0 OR r.flags & 39 <> 0),
	total_int(r.cycles), total_int(r.lost_cycles), total_int(coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)),
	total_int(r.freq_count), total_int(r.freq_sum_chz), total_int(r.depth_count), total_int(r.depth_sum_um),
	total_int(r.depth_count > 0 OR r.depth_set_um IS NOT NULL),
	max(r.depth_uncertainty_um),
	max(iif(r.on_time_us >= 5000000, hist_spread(r.hist), NULL)),
	min(coalesce(v.sum / v.count, r.voltage_mv)), max(coalesce(v.sum / v.count, r.voltage_mv)), max(b.sum / b.count),
	hist_sum(r.hist, iif(r.depth_count > 0, NULL, r.depth_set_um), r.cycles), min(r.start_us), min(iif(r.cycles > 0, r.start_us, NULL)),
	max(iif(r.depth_count > 0, r.depth_max_um, r.depth_set_um))
FROM retotal q JOIN run r INDEXED BY run_session ON r.session = q.session
	LEFT JOIN measurement v ON v.run = r.id AND v.quantity = 1
	LEFT JOIN measurement b ON b.run = r.id AND b.quantity = 4
WHERE r.state <> 0
GROUP BY r.session, r.pen
