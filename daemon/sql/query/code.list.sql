-- SPDX-License-Identifier: MIT
-- doc: Codes on boxes that are remembered, and what they stand for.
-- role: viewer
-- shape: list
-- param: product ref:product -- Only those of this product.
-- param: code text min=1 max=128 -- Only this one, as the scanner reads it.
-- column: code text -- A GTIN of 14 digits, or any text.
-- column: product int -- Number of the product.
-- column: product_name text -- Its name.
-- column: lot int -- Number of the lot; null when it stands for the product only.
-- column: lot_number text -- The lot as printed.

SELECT k.code, k.product, p.name AS product_name, k.lot, l.number AS lot_number
FROM code k CROSS JOIN product p ON p.id = k.product LEFT JOIN lot l ON l.id = k.lot
WHERE true
	AND k.product = :product   -- if product
	AND k.code = :code         -- if code
ORDER BY k.code           -- unless code
