-- SPDX-License-Identifier: MIT
-- doc: Marks a lot as recalled by its maker: it is not to be used. Answers how far it has gone; lot.clients names them.
-- role: operator
-- noun: lot
-- param: lot ref:lot required -- Its number as printed, or product and number.
-- reason: required
-- column: uses int -- Uses of it that stand.
-- column: clients int -- Clients that it was used on.

--: check
SELECT 'conflict', printf('Lot %s is recalled already; lot.clients lists whom it met.', number), 'lot'
FROM lot WHERE id = :lot AND status = 'recalled'

--: apply
UPDATE lot SET status = 'recalled', status_us = :at_us, entry = :entry WHERE id = :lot;

--: answer
SELECT count(*) AS uses, count(DISTINCT s.client) AS clients
FROM item_use u LEFT JOIN session s ON s.id = u.session
WHERE u.lot = :lot AND u.void IS NULL
