SELECT id, pen, state, earliest_us, latest_us, session, attribution FROM run WHERE id = :run
