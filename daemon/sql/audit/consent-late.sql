-- SPDX-License-Identifier: MIT
-- doc: A consent in writing, signed before the first cycle of the session, and not withdrawn before it. It may be of the session, of its
-- doc: course, or of the client altogether. What was said and not signed is none. Where no cycle is recorded, of a session from paper, it was
-- doc: signed before the session's end; a consultation without cycles needs none.
-- source: NEHA Body Art Model Code 2024 s.7.3; EN 17169:2020
-- scope: session
-- online: yes
-- severity: critical
-- threshold: grace_s int 0 s -- Signed at most so long after the first cycle.
-- key: session
-- says: {how} {client}{from}; the consent: {signed}.
-- do: Stop until the consent is signed, and record it: consent add.

SELECT f.first_us AS at_us, f.day AS day, f.id AS session, f.client AS client, f.pen AS pen, f.practitioner AS practitioner, f.place AS place,
	(SELECT min(n.at_us) - f.first_us FROM consent n WHERE n.client = f.client AND n.kind = 'consent' AND n.form = 'written' AND n.void IS NULL AND n.at_us > f.first_us
		AND (n.session = f.id OR n.session IS NULL AND (n.course = f.course OR n.course IS NULL))) / 1000000 AS value,
	t.value AS threshold, iif(f.state = 'open', CAST(f.first_us + t.value * 1000000 AS INTEGER), NULL) AS due_us,
	iif(f.heard, 'The needle ran for', 'Work was done on') AS how,
	iif(f.heard, ' from ' || local_time(f.first_us) || ' on', ' until ' || local_time(f.first_us) || ', with no cycle recorded') AS "from",
	coalesce('signed at ' || local_time((SELECT min(n.at_us) FROM consent n WHERE n.client = f.client AND n.kind = 'consent' AND n.form = 'written' AND n.void IS NULL
		AND n.at_us > f.first_us AND (n.session = f.id OR n.session IS NULL AND (n.course = f.course OR n.course IS NULL)))),
		iif(EXISTS (SELECT 1 FROM consent n WHERE n.client = f.client AND n.kind = 'consent' AND n.form = 'written' AND n.void IS NULL AND n.withdrawn_us <= f.first_us
			AND (n.session = f.id OR n.session IS NULL AND (n.course = f.course OR n.course IS NULL))), 'withdrawn before',
		iif(EXISTS (SELECT 1 FROM consent n WHERE n.client = f.client AND n.kind = 'consent' AND n.form = 'verbal' AND n.void IS NULL AND n.at_us <= f.first_us
			AND (n.session = f.id OR n.session IS NULL AND (n.course = f.course OR n.course IS NULL))), 'by word only', 'none'))) AS signed
FROM (SELECT s.id, s.day, s.client, s.course, s.practitioner, s.place, s.state, x.needle_us AS first_us, x.pen, 1 AS heard
	FROM session s CROSS JOIN session_total x ON x.session = s.id
	WHERE s.state <> 'void' AND x.needle_us IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM session_total y WHERE y.session = s.id AND (y.needle_us, y.pen) < (x.needle_us, x.pen))
		AND (s.state <> 'open' OR NOT EXISTS (SELECT 1 FROM run r INDEXED BY run_unfinished
			WHERE r.state <> 1 AND r.state = 0 AND r.session = s.id AND r.start_us < x.needle_us))
		-- part: rule.session
	UNION ALL
	SELECT s.id, s.day, s.client, s.course, s.practitioner, s.place, s.state, r.start_us, r.pen, 1
	FROM run r INDEXED BY run_unfinished CROSS JOIN session s ON s.id = r.session
	WHERE r.state <> 1 AND r.state = 0 AND s.state <> 'void'
		AND NOT EXISTS (SELECT 1 FROM session_total y WHERE y.session = s.id AND y.needle_us <= r.start_us)
		AND NOT EXISTS (SELECT 1 FROM run o INDEXED BY run_unfinished
			WHERE o.state <> 1 AND o.state = 0 AND o.session = s.id AND (o.start_us, o.id) < (r.start_us, r.id))
		-- part: rule.session
	UNION ALL
	SELECT s.id, s.day, s.client, s.course, s.practitioner, s.place, s.state, s.end_us, NULL, 0
	FROM session s
	WHERE s.state IN ('closed', 'signed') AND s.kind <> 'consultation'
		AND NOT EXISTS (SELECT 1 FROM session_total y WHERE y.session = s.id AND y.needle_us IS NOT NULL)
		AND NOT EXISTS (SELECT 1 FROM run o INDEXED BY run_unfinished WHERE o.state <> 1 AND o.state = 0 AND o.session = s.id)
		-- part: rule.session
	) f
	JOIN audit_threshold t ON t.rule = 'consent-late' AND t.name = 'grace_s' AND f.day >= t.from_day AND f.day < t.to_day
WHERE NOT EXISTS (SELECT 1 FROM consent n INDEXED BY consent_session WHERE n.session = f.id AND n.client = f.client AND n.kind = 'consent'
		AND n.form = 'written' AND n.void IS NULL AND n.at_us <= f.first_us + t.value * 1000000 AND (n.withdrawn_us IS NULL OR n.withdrawn_us > f.first_us))
	AND NOT EXISTS (SELECT 1 FROM consent n INDEXED BY consent_client WHERE n.client = f.client AND n.session IS NULL AND n.kind = 'consent'
		AND n.form = 'written' AND n.void IS NULL AND n.at_us <= f.first_us + t.value * 1000000 AND (n.withdrawn_us IS NULL OR n.withdrawn_us > f.first_us)
		AND (n.course = f.course OR n.course IS NULL))
