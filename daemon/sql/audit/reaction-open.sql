-- SPDX-License-Identifier: MIT
-- doc: An adverse event is followed up, or closed, within so many days of being noticed.
-- source: practice
-- scope: client
-- severity: warn
-- threshold: days int 7 days -- At most so many days without a follow-up.
-- key: reaction
-- says: A {severe} reaction ({what}) of {client}, noticed at {noticed_at}, has had no follow-up for {value}.
-- do: Call the client and record what was found: reaction follow_up.

SELECT CAST(x.at_us + (t.value + 1) * 86400000000 AS INTEGER) AS at_us, x.client AS client, x.session AS session, x.id AS reaction,
	x.severity AS severe, replace(x.kind, '_', ' ') AS what, x.at_us AS noticed_at, day_number(:today) - day_number(local_day(x.at_us)) AS value,
	t.value AS threshold
FROM reaction x
	JOIN audit_threshold t ON t.rule = 'reaction-open' AND t.name = 'days' AND local_day(x.at_us) >= t.from_day AND local_day(x.at_us) < t.to_day
WHERE x.closed_us IS NULL AND x.void IS NULL AND x.followed_up_us IS NULL
	AND day_number(:today) - day_number(local_day(x.at_us)) > t.value
	AND x.client = :client        -- if client
