-- SPDX-License-Identifier: MIT
-- doc: Whether a needle stayed in the epidermis cannot be shown: the epidermis is about 0.1 mm thick, and what a pen reports differs from the
-- doc: depth in the skin by 0.2 to 0.5 mm. So under a policy of "epidermis only" every session in which a motor ran is unverifiable, with a
-- doc: depth or without.
-- source: mean human epidermis is about 0.1 mm against 0.2 to 0.5 mm between protrusion and true depth
-- scope: session
-- severity: info
-- threshold: epidermis_um int 100 um -- The depth that the policy allows.
-- key: session pen
-- says: Whether the needle of {pen} stayed in the outer {threshold} of the skin of {client} cannot be verified; {what}.
-- do: Tell the client and whoever asks that no pen can show it.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	x.depth_sum_um / nullif(x.depth_count, 0) AS value, t.value AS threshold,
	coalesce('its mean protrusion was ' || (x.depth_sum_um / nullif(x.depth_count, 0)) || ' um', 'it measured no depth') AS what
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'depth-unverifiable' AND t.name = 'epidermis_um' AND +s.day >= t.from_day AND +s.day < t.to_day
	CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND t.value IS NOT NULL
	-- part: rule.session
	AND x.pen = :pen              -- if pen
