-- Whether the record has a profile of that name with that text.
SELECT EXISTS (SELECT 1 FROM profile WHERE name = :name AND content = :text)
