-- SPDX-License-Identifier: MIT
-- doc: The frequency of a steady run varied: a worn brush, a bad contact, a noisy supply. A steady run is one of at least five seconds; its standard
-- doc: deviation is taken as half the distance between the 16th and the 84th percentile, so that the motor's start and stop do not count. A
-- doc: session without such a run, or whose pen did not say its frequency, is not judged.
-- source: published ranges of a machine analyser: worn brush, bad contact or noisy supply
-- scope: session
-- severity: warn
-- threshold: sd_hz real 5 Hz -- A larger standard deviation is unstable.
-- key: session pen
-- says: In a steady run for {client} the frequency of {pen} had a standard deviation of {value}; more than {threshold} is unstable.
-- do: Look at the cable, the supply and the brushes; have the pen serviced if it stays.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	x.spread_chz / 100.0 AS value, t.value AS threshold
FROM audit_threshold t CROSS JOIN session s
		ON t.rule = 'frequency-unstable' AND t.name = 'sd_hz' AND +s.day >= t.from_day AND +s.day < t.to_day
	CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND x.spread_chz > t.value * 100
	-- part: rule.session
	AND x.pen = :pen              -- if pen
