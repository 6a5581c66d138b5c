-- A run that had begun by then. What is going has no entry yet.
SELECT * FROM run WHERE id = :run AND state <> 0 AND start_us <= :at_us
