-- The cycles of a run.
SELECT first, data FROM block WHERE id BETWEEN :first AND :last ORDER BY id
