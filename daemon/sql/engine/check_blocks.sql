-- All cycles, as they are stored: number, bytes, and where.
SELECT id, data, 'block' FROM block
UNION ALL
SELECT id, data, 'tail' FROM tail
