UPDATE session SET amended = amended + 1 WHERE id = :session AND state = 'signed'
