DELETE FROM measurement WHERE run = :run
