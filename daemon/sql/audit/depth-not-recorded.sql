-- SPDX-License-Identifier: MIT
-- doc: A session that has ended has a depth from some source: the pen's sensor, what the pen was set to, or what the practitioner stated. A
-- doc: consultation in which no motor ran needs none.
-- source: Derby City Council, semi-permanent skin colouring
-- scope: session
-- severity: warn
-- key: session
-- says: No depth of the needle is recorded for {session} of {client}, neither by a pen nor by the practitioner.
-- do: State what the cartridge was set to: session change, with the depth.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place
FROM session s
WHERE s.state IN ('closed', 'signed') AND s.depth_um IS NULL
	AND NOT EXISTS (SELECT 1 FROM session_total x WHERE x.session = s.id AND x.depth_runs > 0)
	AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))
	-- part: rule.session
