-- How severe what a rule finds can be, by the profile or by its thresholds.
SELECT iif(name = 'severity', value, severity) FROM audit_threshold WHERE rule = :rule
