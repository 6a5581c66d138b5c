-- The same run, read from the log before it was forked.
SELECT r.id FROM log f JOIN log l ON l.pen = f.pen AND l.log_id = f.log_id AND l.fork < f.fork
JOIN run r ON r.log = l.id AND r.boot = :boot AND r.first_seq = :first_seq
JOIN entry e ON e.seq = r.entry
WHERE f.id = :log AND r.number = :number AND r.last_seq = :last_seq AND r.tick_start_us = :tick_start_us
	AND r.tick_end_us = :tick_end_us AND e.payload ->> 'digest' = :digest
