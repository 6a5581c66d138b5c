DELETE FROM recount
