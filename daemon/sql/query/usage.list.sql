-- SPDX-License-Identifier: MIT
-- doc: Hours, runs, cycles and sessions by pen, practitioner, client, day, week or month, with the share of machine time in chair time, and
-- doc: the machine time that is nobody's. Of runs that have ended; those that were dismissed (test, training, service) are apart.
-- role: operator
-- shape: list
-- param: by text default=month values=pen|practitioner|client|day|week|month -- What each row is of.
-- param: since time -- Only sessions that began, and runs of nobody's that started, at this time or later.
-- param: until time -- Only those before this time.
-- param: pen ref:pen -- Only what was done with this pen; chair time is then the time that the sessions held it.
-- param: practitioner ref:practitioner -- Only sessions of this practitioner; nobody's machine time is left out.
-- param: client ref:client -- Only sessions of this client; nobody's machine time is left out.
-- column: of text -- 2026-11, 2026-W47 or 2026-11-20 in the clinic's zone; the pen's serial number; the practitioner's name; the client's record number. Null: of nobody.
-- column: id int -- Number of the pen, the practitioner or the client; null of a time.
-- column: sessions int -- Sessions.
-- column: chair_h real:2 -- Chair time, hours: from when the client sat down until they got up, pauses included; of an open session so far.
-- column: machine_h real:2 -- Motor-on time of their runs, hours.
-- column: share real:3 -- Of the machine time in the chair time, from 0 to 1; null without chair time.
-- column: runs int -- Motor runs.
-- column: cycles int -- Their needle cycles.
-- column: unattributed_h real:2 -- Motor-on time of runs that are nobody's, hours.
-- column: unattributed_runs int -- How many they are.
-- column: unattributed_share real:3 -- Of their time in all machine time that was not dismissed, from 0 to 1; null without machine time.
-- column: dismissed_h real:2 -- Motor-on time of runs that were dismissed, hours.

-- k: number of the pen, the practitioner or the client; yyyymmdd, the days to a week's Monday since 1970, or yyyymm. What pens did comes from
-- session_total; runs themselves are read only where they are no session's. A pen that a session held twice makes it one session.
WITH part (k, sessions, chair_us, machine_us, runs, cycles, free_us, free_runs, dismissed_us) AS (
	SELECT CASE :by WHEN 'pen' THEN NULL WHEN 'practitioner' THEN s.practitioner WHEN 'client' THEN s.client WHEN 'day' THEN s.day
		WHEN 'week' THEN day_number(s.day) - (day_number(s.day) + 3) % 7 ELSE s.day / 100 END,
		1, max(0, coalesce(s.end_us, unixepoch() * 1000000) - s.start_us), 0, 0, 0, 0, 0, 0
	FROM session s
	WHERE s.state <> 'void' AND :by <> 'pen'
		AND false -- if pen
		AND s.start_us >= :since -- if since
		AND s.start_us < :until -- if until
		AND s.practitioner = :practitioner -- if practitioner
		AND s.client = :client -- if client
	UNION ALL
	SELECT CASE :by WHEN 'pen' THEN a.pen WHEN 'practitioner' THEN s.practitioner WHEN 'client' THEN s.client WHEN 'day' THEN s.day
		WHEN 'week' THEN day_number(s.day) - (day_number(s.day) + 3) % 7 ELSE s.day / 100 END,
		NOT EXISTS (SELECT 1 FROM assignment b INDEXED BY assignment_session WHERE b.session = s.id AND b.pen = a.pen AND b.void IS NULL AND b.id < a.id),
		max(0, coalesce(a.to_us, s.end_us, unixepoch() * 1000000) - a.from_us), 0, 0, 0, 0, 0, 0
	FROM session s CROSS JOIN assignment a INDEXED BY assignment_session ON a.session = s.id
	WHERE s.state <> 'void' AND a.void IS NULL
		AND :by = 'pen' -- unless pen
		AND a.pen = :pen -- if pen
		AND s.start_us >= :since -- if since
		AND s.start_us < :until -- if until
		AND s.practitioner = :practitioner -- if practitioner
		AND s.client = :client -- if client
	UNION ALL
	SELECT CASE :by WHEN 'pen' THEN t.pen WHEN 'practitioner' THEN s.practitioner WHEN 'client' THEN s.client WHEN 'day' THEN s.day
		WHEN 'week' THEN day_number(s.day) - (day_number(s.day) + 3) % 7 ELSE s.day / 100 END,
		0, 0, t.on_time_us, t.runs, t.cycles, 0, 0, 0
	FROM session s CROSS JOIN session_total t ON t.session = s.id
	WHERE s.state <> 'void'
		AND t.pen = :pen -- if pen
		AND s.start_us >= :since -- if since
		AND s.start_us < :until -- if until
		AND s.practitioner = :practitioner -- if practitioner
		AND s.client = :client -- if client
	UNION ALL
	SELECT CASE :by WHEN 'pen' THEN r.pen WHEN 'practitioner' THEN NULL WHEN 'client' THEN NULL WHEN 'day' THEN r.local_day
		WHEN 'week' THEN day_number(r.local_day) - (day_number(r.local_day) + 3) % 7 ELSE r.local_day / 100 END,
		0, 0, 0, 0, 0, coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us), 1, 0
	FROM run r INDEXED BY run_unattributed
	WHERE r.session IS NULL AND r.attribution <> 3 AND r.state <> 0
		AND r.start_us >= :since -- if since
		AND r.start_us < :until -- if until
		AND r.pen = :pen -- if pen
		AND false -- if practitioner
		AND false -- if client
	UNION ALL
	SELECT CASE :by WHEN 'pen' THEN r.pen WHEN 'practitioner' THEN NULL WHEN 'client' THEN NULL WHEN 'day' THEN r.local_day
		WHEN 'week' THEN day_number(r.local_day) - (day_number(r.local_day) + 3) % 7 ELSE r.local_day / 100 END,
		0, 0, 0, 0, 0, 0, 0, coalesce(r.on_time_us, r.tick_end_us - r.tick_start_us)
	FROM run r INDEXED BY run_dismissed
	WHERE r.attribution = 3 AND r.state <> 0
		AND r.start_us >= :since -- if since
		AND r.start_us < :until -- if until
		AND r.pen = :pen -- if pen
		AND false -- if practitioner
		AND false -- if client
)
SELECT CASE :by WHEN 'pen' THEN (SELECT serial FROM pen WHERE id = few.k) WHEN 'practitioner' THEN (SELECT name FROM practitioner WHERE id = few.k)
		WHEN 'client' THEN (SELECT n.value FROM client c JOIN personal n ON n.entry = c.number_entry AND n.field = 'number' WHERE c.id = few.k)
		WHEN 'day' THEN day_text(few.k) WHEN 'month' THEN substr(day_text(few.k * 100), 1, 7)
		ELSE strftime('%Y-W', (few.k + 3) * 86400, 'unixepoch') || printf('%02d', (strftime('%j', (few.k + 3) * 86400, 'unixepoch') + 6) / 7) END AS of,
	iif(:by IN ('pen', 'practitioner', 'client'), few.k, NULL) AS id, few.sessions, few.chair_us / 3.6e9 AS chair_h, few.machine_us / 3.6e9 AS machine_h,
	few.machine_us * 1.0 / nullif(few.chair_us, 0) AS share, few.runs, few.cycles, few.free_us / 3.6e9 AS unattributed_h, few.free_runs AS unattributed_runs,
	few.free_us * 1.0 / nullif(few.free_us + few.machine_us, 0) AS unattributed_share, few.dismissed_us / 3.6e9 AS dismissed_h
FROM (SELECT k, sum(sessions) AS sessions, sum(chair_us) AS chair_us, sum(machine_us) AS machine_us, sum(runs) AS runs, sum(cycles) AS cycles,
		sum(free_us) AS free_us, sum(free_runs) AS free_runs, sum(dismissed_us) AS dismissed_us
	FROM part GROUP BY k) few
ORDER BY iif(:by IN ('pen', 'practitioner', 'client'), -few.machine_us, few.k), few.k
