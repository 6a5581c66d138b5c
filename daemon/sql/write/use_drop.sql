DELETE FROM item_use WHERE id = :id
