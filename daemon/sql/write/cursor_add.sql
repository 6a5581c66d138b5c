INSERT INTO cursor (log, next_seq, tick_us, contact_us) VALUES (:log, :next_seq, 0, :contact_us)
