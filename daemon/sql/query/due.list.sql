-- SPDX-License-Identifier: MIT
-- doc: What is due, by day: follow-ups of open reactions, patch tests to be read, next sessions of courses, top-ups, licences and stock that
-- doc: expire. By the course's own figures, else by those of the profile in use.
-- role: operator
-- shape: list
-- param: until date -- Up to this day; without it, 30 days from today.
-- param: what text values=follow_up|patch_test|session|topup|licence|stock -- Only this.
-- param: lapsed bool default=false -- Top-ups too whose last day is over.
-- column: due text -- The day, yyyy-mm-dd: the first good one of a session and a top-up, the last good one of a licence and a lot.
-- column: latest text -- The last good day of a session and a top-up; null where there is none.
-- column: days int -- Days from today until it is due; less than 0: since so many.
-- column: what text -- follow_up, patch_test, session, topup, licence or stock.
-- column: client int -- Number of the client in this database; null of licence and stock.
-- column: client_number text -- Record number of the client; null when erased.
-- column: client_name text -- Name; null when not recorded, or erased.
-- column: contact text -- How to reach the client.
-- column: detail text -- In words: which reaction, course, product and lot, and since when.
-- column: id int -- Number of the reaction, patch test, course, practitioner or lot.

-- A figure that the profile has switched off leaves what depends on it out, but for courses with figures of their own. Stock that is counted
-- stays a year after it expired, unless it was used up; what is not counted, until it expires. used: the profile in use, and what it includes.
WITH RECURSIVE clock (today_day) AS (
	SELECT local_day(unixepoch() * 1000000)
), one (today_day, today, until, last_day) AS (
	SELECT today_day, day_number(today_day), coalesce(day_number(expiry_day(:until)), day_number(today_day) + 30),
		coalesce(expiry_day(:until), expiry_day(date(day_text(today_day), '+30 days')))
	FROM clock
), used (profile, depth) AS (
	SELECT (SELECT u.profile FROM profile_use u WHERE u.from_day <= local_day(unixepoch() * 1000000) ORDER BY u.from_day DESC LIMIT 1), 0
	UNION ALL
	SELECT q.id, used.depth + 1
	FROM used JOIN profile p ON p.id = used.profile JOIN profile q ON q.name = p.include
	WHERE used.depth < 16
), figure (name, value) AS (
	SELECT f.column1, (SELECT t.value FROM used JOIN threshold t ON t.profile = used.profile AND t.rule = f.column2 AND t.name = f.column3
			AND t.from_day <= local_day(unixepoch() * 1000000)
		ORDER BY used.depth, t.from_day DESC LIMIT 1)
	FROM (VALUES ('follow_up', 'reaction-open', 'days'), ('patch_test', 'patch-test', 'hours'), ('spacing', 'spacing-short', 'warn_days'),
		('spacing_max', 'spacing-long', 'days'), ('topup', 'topup-due', 'min_months'), ('topup_max', 'topup-due', 'max_months')) f
), fig (follow_up, patch_test, spacing, spacing_max, topup, topup_max) AS (
	SELECT max(iif(name = 'follow_up', value, NULL)), max(iif(name = 'patch_test', value, NULL)), max(iif(name = 'spacing', value, NULL)),
		max(iif(name = 'spacing_max', value, NULL)), max(iif(name = 'topup', value, NULL)), max(iif(name = 'topup_max', value, NULL))
	FROM figure
), stock AS MATERIALIZED ( -- so that uses are counted once
	SELECT l.id, p.name, l.number, l.status, l.expiry_day, l.quantity - (SELECT coalesce(sum(u.quantity), 0) FROM item_use u INDEXED BY item_use_lot WHERE u.lot = l.id AND u.void IS NULL) AS remaining
	FROM lot l INDEXED BY lot_expiry CROSS JOIN product p ON p.id = l.product
	WHERE l.status <> 'recalled' AND l.expiry_day <= (SELECT last_day FROM one)
		AND l.expiry_day >= iif(l.quantity IS NULL, (SELECT today_day FROM one), (SELECT today_day FROM one) - 10000)
), item (due, latest, what, client, detail, id) AS (
	SELECT day_number(local_day(coalesce(x.followed_up_us, x.at_us))) + (SELECT follow_up FROM fig), NULL, 'follow_up', x.client,
		x.kind || ', ' || x.severity || ', noticed ' || local_time(x.at_us) || coalesce(', followed up ' || local_time(x.followed_up_us), ''), x.id
	FROM reaction x INDEXED BY reaction_open
	WHERE x.closed_us IS NULL AND x.void IS NULL
	UNION ALL
	SELECT day_number(local_day(x.at_us + (SELECT patch_test FROM fig) * 3600000000)), NULL, 'patch_test', x.client,
		coalesce(p.name || ' ', '') || coalesce('lot ' || l.number || ' ', '') || 'applied ' || local_time(x.at_us), x.id
	FROM patch_test x LEFT JOIN lot l ON l.id = x.lot LEFT JOIN product p ON p.id = coalesce(x.product, l.product)
	WHERE x.read_us IS NULL AND x.void IS NULL
	UNION ALL
	SELECT day_number(c.last) + coalesce(c.spacing_min_days, (SELECT spacing FROM fig)), day_number(c.last) + coalesce(c.spacing_max_days, (SELECT spacing_max FROM fig)),
		'session', c.client, 'course ' || c.ordinal || ', ' || c.goal || ', session ' || (c.done + 1) || coalesce(' of ' || c.planned_sessions, '')
			|| ', the last was on ' || day_text(c.last), c.id
	FROM (SELECT k.*, (SELECT count(*) FROM session s INDEXED BY session_course WHERE s.course = k.id AND s.state <> 'void' AND s.kind <> 'consultation') AS done,
			(SELECT s.day FROM session s INDEXED BY session_course WHERE s.course = k.id AND s.state <> 'void' AND s.kind <> 'consultation'
				ORDER BY s.start_us DESC LIMIT 1) AS last
		FROM course k INDEXED BY course_state WHERE k.state = 'active') c
	WHERE c.last IS NOT NULL AND (c.planned_sessions IS NULL OR c.done < c.planned_sessions)
		AND NOT EXISTS (SELECT 1 FROM session s INDEXED BY session_course WHERE s.course = c.id AND s.state = 'open')
	UNION ALL
	SELECT day_number(expiry_day(date(day_text(local_day(k.completed_us)), printf('+%d months', coalesce(k.topup_min_months, (SELECT topup FROM fig)))))),
		day_number(expiry_day(date(day_text(local_day(k.completed_us)), printf('+%d months', coalesce(k.topup_max_months, (SELECT topup_max FROM fig)))))),
		'topup', k.client, 'course ' || k.ordinal || ', ' || k.goal || ', completed ' || substr(local_time(k.completed_us), 1, 10), k.id
	FROM course k INDEXED BY course_state
	WHERE k.state = 'completed' -- roughly, by the shortest and the longest month, before anything is reckoned
		AND k.completed_us < ((SELECT until FROM one) + 1 - 28 * coalesce(k.topup_min_months, (SELECT topup FROM fig))) * 86400000000
		AND (:lapsed OR k.completed_us > ((SELECT today FROM one) - 1 - 31 * coalesce(k.topup_max_months, (SELECT topup_max FROM fig), 10000)) * 86400000000)
		AND coalesce(k.topup_min_months, (SELECT topup FROM fig)) IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM session s INDEXED BY session_client WHERE s.client = k.client AND s.start_us > k.completed_us AND s.state <> 'void'
			AND s.kind <> 'consultation')
	UNION ALL
	SELECT day_number(expiry_day(p.licence_until)), NULL, 'licence', NULL, p.name || coalesce(', licence ' || p.licence, ''), p.id
	FROM practitioner p
	WHERE p.active AND p.licence_until IS NOT NULL
	UNION ALL
	SELECT day_number(l.expiry_day), NULL, 'stock', NULL, l.name || ', lot ' || l.number || iif(l.status = 'ok', '', ', ' || l.status)
		|| coalesce(', ' || l.remaining || ' left', ''), l.id
	FROM stock l
	WHERE l.remaining IS NULL OR l.remaining > 0
)
SELECT date(few.due * 86400, 'unixepoch') AS due, date(few.latest * 86400, 'unixepoch') AS latest, few.due - one.today AS days, few.what, few.client,
	cn.value AS client_number, cm.value AS client_name, cc.value AS contact, few.detail, few.id
FROM one CROSS JOIN item few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
	LEFT JOIN personal cc ON cc.entry = c.contact_entry AND cc.field = 'contact'
WHERE few.due <= one.until
	AND (few.what <> 'topup' OR few.latest IS NULL OR few.latest >= one.today OR :lapsed)
	AND few.what = :what -- if what
ORDER BY few.due, few.what, few.id
