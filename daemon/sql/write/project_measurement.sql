-- What was measured in a run that has ended; rows of when it was open are replaced.
INSERT INTO measurement (run, quantity, count, min, max, sum, square_sum)
SELECT p ->> 'run', j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
FROM (SELECT :payload AS p), json_each(p, '$.measurements') j WHERE true
ON CONFLICT (run, quantity) DO UPDATE SET count = excluded.count, min = excluded.min, max = excluded.max, sum = excluded.sum,
	square_sum = excluded.square_sum
