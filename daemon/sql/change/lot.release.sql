-- SPDX-License-Identifier: MIT
-- doc: Releases a lot that was put aside, or whose recall was taken back.
-- role: operator
-- noun: lot
-- param: lot ref:lot required -- Its number as printed, or product and number.
-- reason: required
-- column: uses int -- Uses of it that stand.
-- column: clients int -- Clients that it was used on.

--: check
SELECT 'conflict', printf('Lot %s is not put aside, and free to be used.', number), 'lot'
FROM lot WHERE id = :lot AND status = 'ok'

--: apply
UPDATE lot SET status = 'ok', status_us = :at_us, entry = :entry WHERE id = :lot;

--: answer
SELECT count(*) AS uses, count(DISTINCT s.client) AS clients
FROM item_use u LEFT JOIN session s ON s.id = u.session
WHERE u.lot = :lot AND u.void IS NULL
