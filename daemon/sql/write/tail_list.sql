SELECT id & 134217727, data FROM tail WHERE id BETWEEN :first AND :last ORDER BY id
