SELECT id, pen, serial, needle, at_us, until_us, event, entry FROM item_use ORDER BY id
