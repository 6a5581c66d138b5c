SELECT * FROM personal WHERE entry = :entry
