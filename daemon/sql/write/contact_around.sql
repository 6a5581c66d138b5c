-- What the log's known ends say of a record's time, and the record from which they say something else.
SELECT (SELECT max(last_us) FROM contact WHERE log = :log AND seq <= :seq),
	(SELECT min(first_us) FROM contact WHERE log = :log AND seq > :seq),
	(SELECT min(seq) FROM contact WHERE log = :log AND seq > :seq)
