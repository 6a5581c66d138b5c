INSERT INTO log (id, pen, log_id, fork, kept, entry)
SELECT p ->> 'log', p ->> 'pen_id', p ->> 'log_id', coalesce(p ->> 'fork', 0), coalesce(p ->> 'kept', 1), seq
FROM (SELECT :seq AS seq, :payload AS p)
