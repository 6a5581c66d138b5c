-- What a payload holds in place of personal values: field and commitment.
SELECT key, value FROM json_each(:payload, '$.personal')
