SELECT max(seq) FROM entry
