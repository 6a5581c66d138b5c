INSERT INTO about (noun, id, entry, subject) VALUES (:noun, :id, :entry, :subject)
ON CONFLICT DO UPDATE SET subject = max(subject, excluded.subject)
