-- SPDX-License-Identifier: MIT
-- doc: A run with much vibration, as the mean of what the pen measured (root mean square): a bearing wears out. A pen without such a sensor is
-- doc: not judged.
-- source: published ranges of a machine analyser: bearing
-- scope: session
-- threshold: warn_mg int 30 mg severity=warn -- More than this is high.
-- threshold: error_mg int 60 mg severity=error -- More than this is critical.
-- key: session pen
-- says: For {client}, {pen} vibrated with {value}; more than {threshold} is high.
-- do: Have the pen's bearing looked at before it is used again.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	x.vibration_mg AS value, t.value AS threshold, t.severity AS severity
FROM session s CROSS JOIN session_total x ON x.session = s.id
		AND x.vibration_mg > (SELECT min(m.value) FROM audit_threshold m WHERE m.rule = 'vibration-high' AND m.name IN ('warn_mg', 'error_mg'))
	CROSS JOIN audit_threshold t ON t.rule = 'vibration-high' AND t.name IN ('warn_mg', 'error_mg') AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND x.vibration_mg > t.value
	-- part: rule.session
	AND x.pen = :pen              -- if pen
