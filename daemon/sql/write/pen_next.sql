SELECT coalesce(max(id), 0) + 1, count(*) FROM pen
