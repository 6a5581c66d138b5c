-- SPDX-License-Identifier: MIT
-- doc: One product with its codes and lots.
-- role: viewer
-- shape: object
-- param: product ref:product required -- Name, brand and name, or a code of it.
-- column: id int -- Number of the product.
-- column: category text -- What it is.
-- column: name text -- Name.
-- column: brand text -- Who makes it.
-- column: colour text -- Of a pigment.
-- column: needle text -- Of a cartridge: diameter, count, form.
-- column: active bool -- Whether it is still bought.
-- column: codes json -- Codes on its boxes: [{code, lot},...]; lot null for all of them.
-- column: lots json -- Its lots: [{id, number, expiry, status, quantity, used},...].
-- column: version int -- Entry that last changed the record.

SELECT p.id, p.category, p.name, p.brand, p.colour, p.needle, p.active,
	(SELECT json_group_array(json_object('code', k.code, 'lot', (SELECT number FROM lot WHERE id = k.lot)))
		FROM code k INDEXED BY code_product WHERE k.product = p.id) AS codes,
	(SELECT json_group_array(json_object('id', l.id, 'number', l.number, 'expiry', l.expiry, 'status', l.status, 'quantity', l.quantity,
			'used', (SELECT coalesce(sum(quantity), 0) FROM item_use WHERE lot = l.id AND void IS NULL)))
		FROM lot l INDEXED BY lot_product WHERE l.product = p.id) AS lots,
	p.entry AS version
FROM product p
WHERE p.id = :product
