-- SPDX-License-Identifier: MIT
-- doc: How far the needle protruded from the cartridge, with the pen's uncertainty added, in more than a small share of the cycles. It is counted
-- doc: in steps of 25 um, and never too high. Where no pen had a depth, what the practitioner stated is judged as it stands; where a pen does
-- doc: not say how uncertain it is, nothing is added and the finding says so. Protrusion is not the depth in the skin.
-- source: practice: up to 1.0 mm; 1.5 mm and more is called too deep
-- scope: session
-- threshold: warn_um int 1000 um severity=warn -- More than this is worth a look.
-- threshold: error_um int 1500 um severity=error -- More than this is too much.
-- threshold: share_permille real 10 permille -- In more than so many of a thousand cycles.
-- key: session pen
-- says: For {client} the needle protruded up to {value}, {what}; more than {threshold} is high.
-- do: Set the cartridge back, and look at how the skin heals.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	hist_percentile(x.hist, 'depth', 100 - h.value / 10.0) + coalesce(x.depth_uncertainty_um, 0) AS value, t.value AS threshold, t.severity AS severity,
	printf('%s, over the limit in %.1f of 1000 cycles', iif(x.depth_uncertainty_um IS NULL, 'the pen''s uncertainty not being known',
		'the pen''s uncertainty of ' || x.depth_uncertainty_um || ' um included'),
		1000 * hist_above(x.hist, 'depth', t.value - coalesce(x.depth_uncertainty_um, 0))) AS what
FROM session s CROSS JOIN session_total x ON x.session = s.id AND x.depth_max_um + coalesce(x.depth_uncertainty_um, 0)
		> (SELECT min(m.value) FROM audit_threshold m WHERE m.rule = 'depth-high' AND m.name IN ('warn_um', 'error_um'))
	CROSS JOIN audit_threshold t ON t.rule = 'depth-high' AND t.name IN ('warn_um', 'error_um') AND s.day >= t.from_day AND s.day < t.to_day
	CROSS JOIN audit_threshold h ON h.rule = 'depth-high' AND h.name = 'share_permille' AND s.day >= h.from_day AND s.day < h.to_day
WHERE s.state <> 'void' AND x.depth_runs > 0 AND hist_above(x.hist, 'depth', t.value - coalesce(x.depth_uncertainty_um, 0)) * 1000 > h.value
	-- part: rule.session
	AND x.pen = :pen              -- if pen
UNION ALL
SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, NULL AS pen, s.practitioner AS practitioner, s.place AS place,
	s.depth_um AS value, t.value AS threshold, t.severity AS severity, 'as the practitioner stated' AS what
FROM session s CROSS JOIN audit_threshold t ON t.rule = 'depth-high' AND t.name IN ('warn_um', 'error_um') AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND s.depth_um > t.value AND NOT EXISTS (SELECT 1 FROM session_total x WHERE x.session = s.id AND x.depth_runs > 0)
	-- part: rule.session
	AND :pen IS NULL              -- if pen
