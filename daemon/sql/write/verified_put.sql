-- The newest verification replaces the one before it.
INSERT INTO verified (id, at_us, entry, problem) VALUES (1, :at_us, :entry, :problem)
ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us, entry = excluded.entry, problem = excluded.problem
