DELETE FROM contact WHERE log = :log AND seq < (SELECT max(seq) FROM contact WHERE log = :log AND seq <= :next_seq)
