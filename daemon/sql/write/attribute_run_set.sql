UPDATE run SET session = :session, attribution = iif(:session IS NULL, 0, 1), attribution_entry = :entry WHERE id = :run
