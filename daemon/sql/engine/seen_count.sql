SELECT count(*) FROM audit_seen WHERE session = :session
