-- SPDX-License-Identifier: MIT
-- doc: Records a patch test: a trace of pigment on the skin, to be read a day or more later.
-- role: operator
-- noun: patch_test
-- param: client ref:client required -- Record number, or name.
-- param: lot ref:lot -- The lot that was applied.
-- param: product ref:product -- The product, where its lot is not known.
-- param: practitioner ref:practitioner -- Who applied it; without it, who is at the keyboard.
-- param: at time -- When; without it, now.
-- param: note text personal max=4096 -- Free text.
-- about: client lot of_product=product applied_by=practitioner

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM patch_test) AS patch_test, coalesce(:at, :at_us) AS applied_us,
	coalesce(:practitioner, :on_behalf_of, (SELECT id FROM practitioner WHERE user_name = :actor AND active)) AS applied_by,
	coalesce((SELECT product FROM lot WHERE id = :lot), :product) AS of_product

--: check
SELECT 'missing', 'What was applied is not said: name the lot, or the product.', 'lot'
WHERE :of_product IS NULL
UNION ALL
SELECT 'conflict', printf('Lot %s is of %s, not of %s.', l.number, p.name, q.name), 'product'
FROM lot l JOIN product p ON p.id = l.product JOIN product q ON q.id = :product
WHERE l.id = :lot AND l.product <> :product
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:applied_us)), 'at'
WHERE :applied_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL

--: apply
INSERT INTO patch_test (id, client, lot, product, at_us, practitioner, note_entry, entry)
VALUES (:patch_test, :client, :lot, :of_product, :applied_us, :applied_by, :note, :entry);
