INSERT INTO finding (id, pen, kind, at_us, detail)
SELECT seq, (SELECT id FROM pen WHERE serial = p ->> 'pen'), p ->> 'kind', at_us, p -> 'detail'
FROM (SELECT :seq AS seq, :at_us AS at_us, :payload AS p)
