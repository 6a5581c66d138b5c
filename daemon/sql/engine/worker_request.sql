-- The members of a request to the worker; no row when it is none.
SELECT r ->> '$.sql', r ->> '$.limit' FROM (SELECT :request AS r)
WHERE json_valid(r) AND json_type(r, '$.sql') = 'text' AND json_type(r, '$.limit') = 'integer'
