-- What a change's statements take from its entry: name, type, value; a personal value's type is 'personal'.
SELECT key, type, value FROM json_each(:payload) WHERE key NOT IN ('personal', 'uid', 'was')
UNION ALL
SELECT key, 'personal', NULL FROM json_each(:payload, '$.personal')
