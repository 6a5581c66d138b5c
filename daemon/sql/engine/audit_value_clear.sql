DELETE FROM audit_value
