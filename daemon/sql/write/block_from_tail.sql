-- The blocks of a run that ends, from where they waited.
INSERT INTO block (id, first, data)
SELECT :id - 1 + row_number() OVER (ORDER BY id), id & 134217727, data FROM tail WHERE id BETWEEN :first AND :last ORDER BY id
