-- How severe a finding was when somebody was told of it, and in which words.
SELECT severity, says FROM audit_seen WHERE finding = :finding
