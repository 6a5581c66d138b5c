-- The newest fork of a pen's log.
SELECT id, fork FROM log WHERE pen = :pen AND log_id = :log_id ORDER BY fork DESC LIMIT 1
