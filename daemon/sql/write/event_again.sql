-- The same event, read from the log before it was forked.
SELECT e.id FROM log f JOIN log l ON l.pen = f.pen AND l.log_id = f.log_id AND l.fork < f.fork
JOIN event e ON e.log = l.id AND e.boot = :boot AND e.seq = :seq
WHERE f.id = :log AND e.tick_us = :tick_us AND e.kind = :kind
