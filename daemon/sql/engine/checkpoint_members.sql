-- What a checkpoint's file says; no row when it is no JSON.
SELECT :text ->> '$.seq', :text ->> '$.at_us', :text ->> '$.host', :text ->> '$.hash', :text ->> '$.public_key', :text ->> '$.signature'
WHERE json_valid(:text)
