DELETE FROM audit_threshold
