-- All that reading on needs to know of a log.
SELECT l.pen, p.serial, c.next_seq, c.crc, c.boot, c.tick_us, c.run_number, c.contact_us, l.fork, l.kept
FROM log l JOIN pen p ON p.id = l.pen JOIN cursor c ON c.log = l.id WHERE l.id = :log
