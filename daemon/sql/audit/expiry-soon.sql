-- SPDX-License-Identifier: MIT
-- doc: A lot that is still good and may be in stock, and will expire within so many days. Where its quantity was counted and all of it was
-- doc: used, it is not in stock; where nobody counted, it may be. A lot without an expiry is not judged.
-- source: practice
-- scope: lot
-- severity: info
-- threshold: within_days int 30 days -- The last good day is at most so many days away.
-- key: lot
-- says: {lot} is good for {value} more, to {expiry_day}.
-- do: Use it first, or order anew.

SELECT CAST((day_number(l.expiry_day) - t.value) * 86400000000 + 43200000000 AS INTEGER) AS at_us, l.id AS lot,
	l.expiry_day AS expiry_day, day_number(l.expiry_day) - day_number(:today) AS value, t.value AS threshold
FROM audit_threshold t CROSS JOIN lot l
WHERE t.rule = 'expiry-soon' AND t.name = 'within_days' AND :today >= t.from_day AND :today < t.to_day
	AND l.expiry_day >= :today AND day_number(l.expiry_day) - day_number(:today) <= t.value AND l.status = 'ok'
	AND (l.quantity IS NULL OR l.quantity > (SELECT coalesce(sum(u.quantity), 0) FROM item_use u WHERE u.lot = l.id AND u.void IS NULL))
	AND l.id = :lot               -- if lot
