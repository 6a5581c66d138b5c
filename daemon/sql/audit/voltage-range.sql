-- SPDX-License-Identifier: MIT
-- doc: A run whose voltage was lower or higher than pens are made for: the mean of what was measured, else what the pen was set to. A pen that
-- doc: says neither is not judged.
-- source: published ranges of a machine analyser
-- scope: session
-- severity: warn
-- threshold: min_mv int 4000 mV -- Less is out of range.
-- threshold: max_mv int 12000 mV -- More is out of range.
-- key: session pen
-- says: For {client}, {pen} ran at {value}; {low} to {high} mV is its range.
-- do: Set the supply right, or have it looked at.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	iif(x.voltage_min_mv < l.value, x.voltage_min_mv, x.voltage_max_mv) AS value,
	iif(x.voltage_min_mv < l.value, l.value, h.value) AS threshold, l.value AS low, h.value AS high
FROM audit_threshold l CROSS JOIN audit_threshold h CROSS JOIN session s
		ON l.rule = 'voltage-range' AND l.name = 'min_mv' AND +s.day >= l.from_day AND +s.day < l.to_day
		AND h.rule = 'voltage-range' AND h.name = 'max_mv' AND +s.day >= h.from_day AND +s.day < h.to_day
	CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND (x.voltage_min_mv < l.value OR x.voltage_max_mv > h.value)
	-- part: rule.session
	AND x.pen = :pen              -- if pen
