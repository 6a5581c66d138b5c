-- SPDX-License-Identifier: MIT
-- doc: How long a client sat: chair time from start to end, or until now while the session is open.
-- source: practice: sessions of up to 4 h, later ones of 6 to 8 h
-- scope: session
-- online: yes
-- threshold: warn_h real 4 h severity=warn -- Longer than this is worth a look.
-- threshold: error_h real 8 h severity=error -- Longer than this is too long for skin and hands.
-- key: session
-- says: {client} sat for {value}; more than {threshold} is too long.
-- do: Plan shorter sessions; if the end is wrong because nobody ended the session, correct it: session change.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	round((coalesce(s.end_us, :now_us) - s.start_us) / 3.6e9, iif(s.end_us IS NULL, 1, 3)) AS value, t.value AS threshold, t.severity AS severity,
	iif(s.end_us IS NULL, CAST(s.start_us + t.value * 3.6e9 AS INTEGER) + 1, NULL) AS due_us
FROM session s JOIN audit_threshold t ON t.rule = 'session-long' AND t.name IN ('warn_h', 'error_h') AND s.day >= t.from_day AND s.day < t.to_day
WHERE s.state <> 'void' AND (s.end_us IS NULL OR s.end_us - s.start_us > t.value * 3.6e9)
	-- part: rule.session
