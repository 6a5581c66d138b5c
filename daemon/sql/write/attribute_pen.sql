SELECT pen FROM log WHERE id = :log
