-- SPDX-License-Identifier: MIT
-- doc: Forgets a code that was remembered for the wrong product.
-- role: operator
-- noun: product
-- param: code text required min=1 max=128 -- As the scanner reads it.
-- param: product ref:product required -- What it was remembered for.
-- reason: required

--: check
SELECT 'not_found', printf('The code %s is not remembered.', :code), 'code'
WHERE NOT EXISTS (SELECT 1 FROM code WHERE code = :code)
UNION ALL
SELECT 'conflict', printf('The code %s stands for product #%d, %s.', k.code, p.id, p.name), 'product'
FROM code k JOIN product p ON p.id = k.product
WHERE k.code = :code AND k.product <> :product

--: apply
DELETE FROM code WHERE code = :code;
