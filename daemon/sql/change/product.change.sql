-- SPDX-License-Identifier: MIT
-- doc: Corrects a product, or says that it is no longer bought.
-- role: operator
-- noun: product
-- param: product ref:product required -- Name, brand and name, or code.
-- param: category text values=cartridge|pigment|sealant|dermaroller|barrier|disinfectant|other -- What it is.
-- param: name text min=1 max=200 -- As it is called here.
-- param: brand text max=200 -- Who makes it.
-- param: colour text max=100 -- Of a pigment.
-- param: needle text max=32 -- Of a cartridge: 0603RL is diameter, count, form.
-- param: active bool -- Whether it is still bought.
-- param: clear list values=brand|colour|needle -- What is to hold nothing again.
-- reason: correction
-- same: nothing

--: check
SELECT 'missing', 'Nothing is to be changed: say what.', NULL
WHERE coalesce(:category, :name, :brand, :colour, :needle, :active, :clear) IS NULL

--: apply
UPDATE product SET
	category = coalesce(:category, category),
	name = coalesce(:name, name),
	brand = iif('brand' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:brand, brand)),
	colour = iif('colour' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:colour, colour)),
	needle = iif('needle' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:needle, needle)),
	active = coalesce(:active, active),
	entry = :entry
WHERE id = :product;
