-- Marks the reading of the pen's counter that comes next in the log after {ROW}, whose first record is {SEQ}: mostly there is none yet.
-- Logs need not be read in order of their boots.

	INSERT INTO recount SELECT n.id FROM (SELECT id FROM event
			WHERE kind = 'counters' AND log = {ROW}.log AND (boot, seq) > ({ROW}.boot, {ROW}.{SEQ})
			ORDER BY boot, seq LIMIT 1) n
		WHERE NOT EXISTS (SELECT 1 FROM recount WHERE event = n.id);
