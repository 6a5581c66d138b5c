SELECT quantity, count, min, max, sum, square_sum FROM measurement WHERE run = :run ORDER BY quantity
