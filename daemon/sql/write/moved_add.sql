INSERT INTO moved (run, pen, session, late) VALUES (:run, :pen, :session, :late)
