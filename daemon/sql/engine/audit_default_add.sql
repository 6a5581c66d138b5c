-- A value as the rule's head has it, in text: a number unless its name says otherwise.
INSERT INTO audit_default (position, rule, name, value, severity, unit, doc, source)
VALUES (:position, :rule, :name,
	CASE WHEN :name IN ('severity', 'source') THEN :value
		WHEN instr(:value, '.') THEN CAST(:value AS REAL)
		ELSE CAST(:value AS INTEGER) END,
	:severity, :unit, :doc, :source)
