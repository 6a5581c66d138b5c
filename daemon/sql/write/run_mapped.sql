UPDATE run SET start_us = :start_us, end_us = :end_us, earliest_us = :earliest_us, latest_us = :latest_us,
	quality = :quality, local_day = :local_day
WHERE id = :id
