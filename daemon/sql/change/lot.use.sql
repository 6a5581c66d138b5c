-- SPDX-License-Identifier: MIT
-- doc: Records that something was used on a client: a piece of a lot, or one serialised cartridge.
-- role: operator
-- noun: use
-- param: lot ref:lot -- The lot: its number as printed, or product and number.
-- param: product ref:product -- The product, where its lot is not known.
-- param: serial text min=1 max=60 -- Of one cartridge.
-- param: session ref:session -- The session; without it, that of the segment, the step or the pen, or the only one that is open.
-- param: segment ref:segment -- The zone that was worked on with it.
-- param: step ref:step -- The step in which it was used.
-- param: pen ref:pen -- The pen that a cartridge was put in.
-- param: quantity int min=1 max=10000 default=1 -- How many.
-- param: at time -- When; without it, now, or at the end of a session that is over.
-- param: used_anyway bool -- It has happened: record it although the lot is not to be used, is expired, or the cartridge was used before.
-- about: lot of_product=product of_session=session segment step pen
-- guard: of_session=session
-- column: session int -- The session that it was counted to.
-- column: product_name text -- What it was.
-- column: lot_number text -- The lot as printed.
-- column: remaining int -- Pieces of the lot that should be left; null when they are not counted.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM item_use) AS use,
	coalesce((SELECT product FROM lot WHERE id = :lot), :product) AS of_product,
	coalesce(:session, (SELECT session FROM segment WHERE id = :segment), (SELECT session FROM step WHERE id = :step),
		(SELECT a.session FROM assignment a JOIN session s ON s.id = a.session
			WHERE a.pen = :pen AND a.void IS NULL AND a.to_us IS NULL AND s.state = 'open'),
		(SELECT max(id) FROM session WHERE state = 'open' HAVING count(*) = 1)) AS of_session

--: let
SELECT coalesce(:at, iif(max(state) = 'open', :at_us, max(end_us)), :at_us) AS used_us FROM session WHERE id = :of_session

--: check
SELECT 'missing', 'What was used is not said: name the lot, or at least the product.', 'lot'
WHERE :of_product IS NULL
UNION ALL
SELECT 'missing', iif(count(*) = 0, 'No session is open: name the one that it was used in.',
	printf('%d sessions are open: name the one that it was used in.', count(*))), 'session'
FROM session
WHERE state = 'open' AND :of_session IS NULL
HAVING :of_session IS NULL
UNION ALL
SELECT 'conflict', printf('Lot %s is of %s, not of %s.', l.number, p.name, q.name), 'product'
FROM lot l JOIN product p ON p.id = l.product JOIN product q ON q.id = :product
WHERE l.id = :lot AND l.product <> :product
UNION ALL
SELECT 'conflict', printf('Segment #%d is of session #%d, not of session #%d.', id, session, :of_session), 'segment'
FROM segment WHERE id = :segment AND session <> :of_session
UNION ALL
SELECT 'conflict', printf('Step #%d is of session #%d, not of session #%d.', id, session, :of_session), 'step'
FROM step WHERE id = :step AND session <> :of_session
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:used_us)), 'at'
WHERE :used_us > :at_us + 300000000
UNION ALL
-- Ink is opened before the client sits down, and some things are written down a little late.
SELECT 'conflict', printf('Session #%d lasted from %s to %s: %s lies outside.', id, local_time(start_us), coalesce(local_time(end_us), 'now'),
	local_time(:used_us)), 'at'
FROM session WHERE id = :of_session AND (:used_us < start_us - 3600000000 OR :used_us > end_us + 3600000000)
UNION ALL
SELECT 'conflict', printf('Cartridge %s is recorded for session #%d already, as use #%d.', serial, session, id), 'serial'
FROM item_use WHERE serial = :serial AND session = :of_session AND source = 'person' AND void IS NULL
UNION ALL
SELECT 'conflict', printf('Lot %s is %s since %s: do not use it. If that has happened, say so with used_anyway.', number, status, local_time(status_us)), 'used_anyway'
FROM lot WHERE id = :lot AND status <> 'ok' AND :used_us >= status_us AND :used_anyway IS NOT 1
UNION ALL
SELECT 'conflict', printf('Lot %s was good until %s: do not use it. If that has happened, say so with used_anyway.', number, day_text(expiry_day)), 'used_anyway'
FROM lot WHERE id = :lot AND expiry_day < local_day(:used_us) AND :used_anyway IS NOT 1
UNION ALL
SELECT 'conflict', printf('Cartridge %s was used in session #%d on %s: it is for one client once. If it was used again, say so with used_anyway.',
	u.serial, u.session, local_time(u.at_us)), 'used_anyway'
FROM item_use u
WHERE u.serial = :serial AND u.session <> :of_session AND u.void IS NULL AND :used_anyway IS NOT 1
	AND (u.product IS NULL OR :of_product IS NULL OR u.product = :of_product)

--: apply
INSERT INTO item_use (id, session, segment, step, pen, product, lot, serial, quantity, at_us, source, entry)
VALUES (:use, :of_session, :segment, :step, :pen, :of_product, :lot, :serial, :quantity, :used_us, 'person', :entry);

--: answer
SELECT :of_session AS session, p.name AS product_name, l.number AS lot_number,
	l.quantity - (SELECT sum(quantity) FROM item_use WHERE lot = l.id AND void IS NULL) AS remaining
FROM product p LEFT JOIN lot l ON l.id = :lot
WHERE p.id = :of_product
