DELETE FROM session_total WHERE session IN (SELECT session FROM retotal)
