-- A run whose motor was switched on: listed at once, in the chain when it has ended.
INSERT INTO run (id, pen, log, number, boot, state, flags, first_seq, last_seq, tick_start_us, tick_end_us, voltage_mv,
	depth_set_um, depth_source, depth_uncertainty_um, lost_cycles, after_us, before_us, cycles, blocks)
SELECT :id, n.id, :log, :number, :boot, 0, :flags, :seq, :seq, :tick_us, :tick_us, :voltage_mv, :depth_set_um, n.depth_source,
	n.depth_uncertainty_um, 0, :after_us, :before_us, 0, 0
FROM pen n WHERE n.id = :pen
