-- An open run that turned out to be there already.
DELETE FROM run WHERE id = :id AND state = 0
