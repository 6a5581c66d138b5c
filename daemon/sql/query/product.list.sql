-- SPDX-License-Identifier: MIT
-- doc: Products that are consumed.
-- role: viewer
-- shape: page
-- param: find text min=1 max=200 -- Only those with a word in brand, name or colour that begins so.
-- param: category text values=cartridge|pigment|sealant|dermaroller|barrier|disinfectant|other -- Only these.
-- param: all bool default=false -- Those too that are no longer bought.
-- param: limit int min=1 max=1000 default=100 -- At most so many rows.
-- param: after text max=64 -- Go on behind this: `next` of the answer before.
-- column: id int -- Number of the product.
-- column: category text -- What it is.
-- column: name text -- Name.
-- column: brand text -- Who makes it.
-- column: colour text -- Of a pigment.
-- column: needle text -- Of a cartridge: diameter, count, form.
-- column: active bool -- Whether it is still bought.
-- column: version int -- Entry that last changed the record.

SELECT p.id, p.category, p.name, p.brand, p.colour, p.needle, p.active, p.entry AS version, p.id AS cursor
FROM product p
WHERE (p.active OR :all)
	AND instr(fold(' ' || coalesce(p.brand || ' ', '') || p.name || coalesce(' ' || p.colour, '')), ' ' || fold(:find)) > 0 -- if find
	AND p.category = :category              -- if category
	AND p.id > cursor_part(:after, 0, 1)    -- if after
ORDER BY p.id
LIMIT :limit
