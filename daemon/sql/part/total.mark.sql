-- Marks the session of the run {ROW}. Open runs are not in the chain yet, and not in totals. A run that is read has its session in the row
-- before it has its end, hence both columns.

	INSERT INTO retotal SELECT {ROW}.session WHERE {ROW}.session IS NOT NULL AND {ROW}.state <> 0
		AND NOT EXISTS (SELECT 1 FROM retotal WHERE session = {ROW}.session);
