-- SPDX-License-Identifier: MIT
-- doc: Adds a product that is consumed: a needle cartridge, a pigment, a disinfectant.
-- role: operator
-- noun: product
-- param: category text required values=cartridge|pigment|sealant|dermaroller|barrier|disinfectant|other -- What it is.
-- param: name text required min=1 max=200 -- As it is called here.
-- param: brand text max=200 -- Who makes it.
-- param: colour text max=100 -- Of a pigment.
-- param: needle text max=32 -- Of a cartridge: 0603RL is diameter, count, form.
-- param: code text min=1 max=128 -- The code on its boxes, remembered: a GTIN of 14 digits, or any text.

--: let
SELECT coalesce(max(id), 0) + 1 AS product FROM product

--: check
SELECT 'conflict', printf('Product #%d is the same: %s%s.', id, coalesce(brand || ' ', ''), name), 'name'
FROM product
WHERE active AND category = :category AND fold(name) = fold(:name) AND fold(coalesce(brand, '')) = fold(coalesce(:brand, ''))
	AND fold(coalesce(colour, '')) = fold(coalesce(:colour, ''))
UNION ALL
SELECT 'conflict', printf('The code %s stands for product #%d, %s, already.', k.code, p.id, p.name), 'code'
FROM code k JOIN product p ON p.id = k.product
WHERE k.code = :code
UNION ALL
SELECT 'invalid', printf('%s has 14 digits, but the last is not the check digit of a GTIN: look at it again.', :code), 'code'
WHERE length(:code) = 14 AND :code NOT GLOB '*[^0-9]*'
	AND (3 * (substr(:code, 1, 1) + substr(:code, 3, 1) + substr(:code, 5, 1) + substr(:code, 7, 1) + substr(:code, 9, 1)
		+ substr(:code, 11, 1) + substr(:code, 13, 1)) + substr(:code, 2, 1) + substr(:code, 4, 1) + substr(:code, 6, 1)
		+ substr(:code, 8, 1) + substr(:code, 10, 1) + substr(:code, 12, 1) + substr(:code, 14, 1)) % 10 <> 0

--: apply
INSERT INTO product (id, category, name, brand, colour, needle, entry)
VALUES (:product, :category, :name, :brand, :colour, :needle, :entry);
INSERT INTO code (code, product, entry) SELECT :code, :product, :entry WHERE :code IS NOT NULL;
