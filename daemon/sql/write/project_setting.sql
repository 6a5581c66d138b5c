INSERT INTO setting (name, value, entry)
SELECT p ->> 'name', p ->> 'value', seq FROM (SELECT :seq AS seq, :payload AS p) WHERE true
ON CONFLICT (name) DO UPDATE SET value = excluded.value, entry = excluded.entry
