UPDATE event SET at_us = :at_us, earliest_us = :earliest_us, latest_us = :latest_us, quality = :quality WHERE id = :id
