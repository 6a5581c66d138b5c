INSERT INTO loss (id, pen, log, first_seq, next_seq, after_us, before_us)
SELECT seq, l.pen, l.id, p ->> 'first_seq', p ->> 'next_seq', p ->> 'after_us', p ->> 'before_us'
FROM (SELECT :seq AS seq, :payload AS p) JOIN log l ON l.id = p ->> 'log'
