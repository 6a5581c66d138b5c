-- SPDX-License-Identifier: MIT
-- doc: Adds a lot that came in: of a product that is known, by name or by the code on the box, or of a new one.
-- role: operator
-- noun: lot
-- param: number text required min=1 max=60 -- The lot, or batch, as printed.
-- param: product ref:product -- What it is of; not needed when the code says it.
-- param: code text min=1 max=128 -- The code on the box: a GTIN of 14 digits, or any text; remembered for the product when it is new.
-- param: expiry expiry -- As printed: a day, or a month, which counts to its last day.
-- param: quantity int min=0 max=1000000 -- How many pieces came in; without it they are not counted.
-- param: category text values=cartridge|pigment|sealant|dermaroller|barrier|disinfectant|other -- Of a new product: what it is.
-- param: name text min=1 max=200 -- Of a new product: as it is called here.
-- param: brand text max=200 -- Of a new product: who makes it.
-- param: colour text max=100 -- Of a new pigment.
-- param: needle text max=32 -- Of a new cartridge: 0603RL is diameter, count, form.
-- about: of_product=product
-- column: product int -- The product that it is of.
-- column: product_name text -- Its name.

--: let
SELECT (SELECT coalesce(max(id), 0) + 1 FROM lot) AS lot,
	coalesce(:product, (SELECT product FROM code WHERE code = :code), (SELECT id FROM product
		WHERE active AND category = :category AND fold(name) = fold(:name) AND fold(coalesce(brand, '')) = fold(coalesce(:brand, ''))
			AND fold(coalesce(colour, '')) = fold(coalesce(:colour, '')))) AS known_product

--: let
SELECT coalesce(:known_product, max(id) + 1, 1) AS of_product, iif(:known_product IS NULL, 1, NULL) AS new_product,
	iif(:code IS NULL OR EXISTS (SELECT 1 FROM code WHERE code = :code), NULL, 1) AS new_code
FROM product

--: check
SELECT 'missing', iif(:code IS NULL, 'What it is a lot of is not said: name the product, or a category and a name for a new one.',
	printf('The code %s is not known: name the product it is of, or a category and a name for a new one.', :code)), 'product'
WHERE :known_product IS NULL AND (:name IS NULL OR :category IS NULL)
UNION ALL
SELECT 'conflict', printf('That is product #%d, %s, of category %s: leave category and name out, or name what it is of.', id, name, category), 'name'
FROM product
WHERE id = :known_product AND (fold(name) <> fold(:name) OR category <> :category)
UNION ALL
SELECT 'conflict', printf('Lot %s of %s is there already, as lot #%d%s.', l.number, p.name, l.id, coalesce(', good until ' || l.expiry, '')), 'number'
FROM lot l JOIN product p ON p.id = l.product
WHERE l.product = :of_product AND l.number = :number COLLATE NOCASE
UNION ALL
SELECT 'conflict', printf('The code %s stands for product #%d, %s.', k.code, p.id, p.name), 'code'
FROM code k JOIN product p ON p.id = k.product
WHERE k.code = :code AND k.product <> :of_product
UNION ALL
SELECT 'invalid', printf('%s has 14 digits, but the last is not the check digit of a GTIN: look at it again.', :code), 'code'
WHERE :new_code AND length(:code) = 14 AND :code NOT GLOB '*[^0-9]*'
	AND (3 * (substr(:code, 1, 1) + substr(:code, 3, 1) + substr(:code, 5, 1) + substr(:code, 7, 1) + substr(:code, 9, 1)
		+ substr(:code, 11, 1) + substr(:code, 13, 1)) + substr(:code, 2, 1) + substr(:code, 4, 1) + substr(:code, 6, 1)
		+ substr(:code, 8, 1) + substr(:code, 10, 1) + substr(:code, 12, 1) + substr(:code, 14, 1)) % 10 <> 0
UNION ALL
SELECT 'invalid', printf('The expiry %s is over 30 years away: look at it again.', :expiry), 'expiry'
WHERE expiry_day(:expiry) > local_day(:at_us) + 300000

--: apply
INSERT INTO product (id, category, name, brand, colour, needle, entry)
SELECT :of_product, :category, :name, :brand, :colour, :needle, :entry WHERE :new_product;
INSERT INTO code (code, product, entry) SELECT :code, :of_product, :entry WHERE :new_code;
INSERT INTO lot (id, product, number, expiry, expiry_day, status, quantity, added_us, entry)
VALUES (:lot, :of_product, :number, :expiry, expiry_day(:expiry), 'ok', :quantity, :at_us, :entry);

--: answer
SELECT p.id AS product, p.name AS product_name FROM product p WHERE p.id = :of_product
