UPDATE item_use SET at_us = :at_us, until_us = :until_us, entry = :entry
WHERE id = :id AND (at_us, until_us) IS NOT (:at_us, :until_us)
