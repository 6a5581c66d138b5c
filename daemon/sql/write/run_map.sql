-- The runs of a boot, for a new fit of its clock.
SELECT id, tick_start_us, tick_end_us, state, after_us, before_us, earliest_us, latest_us FROM run WHERE log = :log AND boot = :boot
