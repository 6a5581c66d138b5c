DELETE FROM counter_step WHERE event IN (SELECT event FROM recount)
