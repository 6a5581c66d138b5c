-- The personal values that an entry has.
SELECT field, salt, value FROM personal WHERE entry = :entry
