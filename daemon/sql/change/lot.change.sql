-- SPDX-License-Identifier: MIT
-- doc: Corrects a lot.
-- role: operator
-- noun: lot
-- param: lot ref:lot required -- Its number as printed, or product and number.
-- param: number text min=1 max=60 -- The lot, or batch, as printed.
-- param: product ref:product -- What it is of.
-- param: expiry expiry -- As printed: a day, or a month, which counts to its last day.
-- param: quantity int min=0 max=1000000 -- How many pieces came in.
-- param: clear list values=expiry|quantity -- What is to hold nothing again.
-- about: product
-- reason: correction
-- same: nothing

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:number, :product, :expiry, :quantity, :clear) IS NULL
UNION ALL
SELECT 'conflict', printf('Lot %s of %s is there already, as lot #%d.', o.number, p.name, o.id), 'number'
FROM lot l JOIN lot o ON o.product = coalesce(:product, l.product) AND o.number = coalesce(:number, l.number) COLLATE NOCASE AND o.id <> l.id
	JOIN product p ON p.id = o.product
WHERE l.id = :lot
UNION ALL
SELECT 'invalid', printf('The expiry %s is over 30 years away: look at it again.', :expiry), 'expiry'
WHERE expiry_day(:expiry) > local_day(:at_us) + 300000

--: apply
UPDATE lot SET
	number = coalesce(:number, number),
	product = coalesce(:product, product),
	expiry = iif('expiry' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:expiry, expiry)),
	expiry_day = iif('expiry' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(expiry_day(:expiry), expiry_day)),
	quantity = iif('quantity' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:quantity, quantity)),
	entry = :entry
WHERE id = :lot;
UPDATE item_use SET product = :product WHERE lot = :lot AND :product IS NOT NULL;
