-- SPDX-License-Identifier: MIT
-- doc: Runs of a session whose time is only estimated: the pen's clock was never compared with this computer's.
-- source: integrity of the record
-- scope: session
-- severity: info
-- key: session pen
-- says: Of {pen} for {client}, the time of {what} is only estimated.
-- do: Connect the pen during work, or before it is switched off.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	x.estimated AS value, CASE WHEN x.runs = 1 THEN 'its one run' WHEN x.estimated = x.runs THEN 'all ' || x.runs || ' runs'
		ELSE x.estimated || ' of ' || x.runs || ' runs' END AS what
FROM session s CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND x.estimated > 0
	-- part: rule.session
	AND x.pen = :pen              -- if pen
