-- Where the cycles of a run are, which no entry says.
SELECT block, blocks FROM run WHERE id = :run AND state <> 0
