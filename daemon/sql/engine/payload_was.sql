-- What a change took the place of, as its entry has it: name, type, value.
SELECT key, type, value FROM json_each(:payload, '$.was')
