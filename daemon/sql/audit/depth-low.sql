-- SPDX-License-Identifier: MIT
-- doc: The needle hardly protruded: 99 of 100 cycles stayed below this, in steps of 25 um. A pen without a depth is not judged.
-- source: practice: 0.25 to 0.5 mm
-- scope: session
-- severity: info
-- threshold: p99_um int 250 um -- The 99th percentile of protrusion is less than this.
-- key: session pen
-- says: For {client} the needle of {pen} protruded {value} at most in 99 of 100 cycles; less than {threshold} may fade early.
-- do: See whether the cartridge was set right, and whether the pen's depth is.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	hist_percentile(x.hist, 'depth', 99) AS value, t.value AS threshold
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'depth-low' AND t.name = 'p99_um' AND +s.day >= t.from_day AND +s.day < t.to_day
	CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND x.depth_runs > 0 AND hist_percentile(x.hist, 'depth', 99) < t.value
	-- part: rule.session
	AND x.pen = :pen              -- if pen
