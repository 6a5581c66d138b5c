-- SPDX-License-Identifier: MIT
-- doc: The needle went slower or faster than pens do at work, in more than a small share of its cycles: each start and stop of the motor is
-- doc: slow by its nature. Counted in steps of 1 Hz. A pen that did not say its frequency is not judged.
-- source: published ranges of a machine analyser
-- scope: session
-- severity: info
-- threshold: share_percent real 10 percent -- In more than so many of a hundred cycles.
-- threshold: min_hz int 80 Hz -- Slower is out of range.
-- threshold: max_hz int 150 Hz -- Faster is out of range.
-- key: session pen
-- says: For {client}, {value} of the cycles of {pen} were outside {low} to {high} Hz, {mean} Hz being the mean; up to {threshold} is usual.
-- do: See whether the voltage was meant so; else have the pen looked at.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, x.pen AS pen, s.practitioner AS practitioner, s.place AS place,
	round(100 * (hist_below(x.hist, 'freq', l.value) + hist_above(x.hist, 'freq', h.value)), 1) AS value, t.value AS threshold,
	l.value AS low, h.value AS high, x.freq_sum_chz / x.freq_count / 100 AS mean
FROM audit_threshold t CROSS JOIN audit_threshold l CROSS JOIN audit_threshold h CROSS JOIN session s
		ON t.rule = 'frequency-range' AND t.name = 'share_percent' AND +s.day >= t.from_day AND +s.day < t.to_day
		AND l.rule = 'frequency-range' AND l.name = 'min_hz' AND +s.day >= l.from_day AND +s.day < l.to_day
		AND h.rule = 'frequency-range' AND h.name = 'max_hz' AND +s.day >= h.from_day AND +s.day < h.to_day
	CROSS JOIN session_total x ON x.session = s.id
WHERE s.state <> 'void' AND x.freq_count > 0 AND 100 * (hist_below(x.hist, 'freq', l.value) + hist_above(x.hist, 'freq', h.value)) > t.value
	-- part: rule.session
	AND x.pen = :pen              -- if pen
