-- Whether a rule is on at any time: one that is switched off altogether costs nothing.
SELECT 1 FROM audit_threshold WHERE rule = :rule AND name = 'enabled' AND value <> 0
