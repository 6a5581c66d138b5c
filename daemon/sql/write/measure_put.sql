-- What was measured in an open run, as of this commit.
INSERT INTO measurement (run, quantity, count, min, max, sum, square_sum)
VALUES (:run, :quantity, :count, :min, :max, :sum, :square_sum)
ON CONFLICT (run, quantity) DO UPDATE SET count = excluded.count, min = excluded.min, max = excluded.max, sum = excluded.sum,
	square_sum = excluded.square_sum
