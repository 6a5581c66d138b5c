-- What people call a lot.
SELECT l.number || ' of ' || p.name FROM lot l JOIN product p ON p.id = l.product WHERE l.id = :lot
