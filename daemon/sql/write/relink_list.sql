SELECT pen, from_us, coalesce(to_us, 4611686018427387904), session FROM relink ORDER BY rowid
