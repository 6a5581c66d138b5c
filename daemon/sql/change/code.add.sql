-- SPDX-License-Identifier: MIT
-- doc: Remembers a code on boxes: for a product, or for one lot of it.
-- role: operator
-- noun: product
-- param: code text required min=1 max=128 -- As the scanner reads it: a GTIN of 14 digits, or any text.
-- param: product ref:product required -- What it stands for: name, brand and name, or another code of it.
-- param: lot ref:lot -- The lot, when the code is of that lot only.
-- about: lot

--: check
SELECT 'conflict', printf('The code %s stands for product #%d, %s, already: code forget first, if that is wrong.', k.code, p.id, p.name), 'code'
FROM code k JOIN product p ON p.id = k.product
WHERE k.code = :code
UNION ALL
SELECT 'conflict', printf('Lot %s is of %s, not of %s.', l.number, p.name, q.name), 'lot'
FROM lot l JOIN product p ON p.id = l.product JOIN product q ON q.id = :product
WHERE l.id = :lot AND l.product <> :product
UNION ALL
SELECT 'invalid', printf('%s has 14 digits, but the last is not the check digit of a GTIN: look at it again.', :code), 'code'
WHERE length(:code) = 14 AND :code NOT GLOB '*[^0-9]*'
	AND (3 * (substr(:code, 1, 1) + substr(:code, 3, 1) + substr(:code, 5, 1) + substr(:code, 7, 1) + substr(:code, 9, 1)
		+ substr(:code, 11, 1) + substr(:code, 13, 1)) + substr(:code, 2, 1) + substr(:code, 4, 1) + substr(:code, 6, 1)
		+ substr(:code, 8, 1) + substr(:code, 10, 1) + substr(:code, 12, 1) + substr(:code, 14, 1)) % 10 <> 0

--: apply
INSERT INTO code (code, product, lot, entry) VALUES (:code, :product, :lot, :entry);
