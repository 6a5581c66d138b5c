SELECT value, salt FROM personal WHERE entry = :entry AND field = :field
