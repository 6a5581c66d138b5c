INSERT INTO audit_rule (name, doc, scope, online, graded, says, does)
VALUES (:name, :doc, :scope, :online, :graded, :says, :does)
