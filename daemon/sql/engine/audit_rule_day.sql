-- What holds for a rule as a whole on a day, and on which days besides.
SELECT name, value, from_day, to_day FROM audit_threshold
WHERE rule = :rule AND name IN ('enabled', 'severity', 'source') AND from_day <= :day AND to_day > :day
