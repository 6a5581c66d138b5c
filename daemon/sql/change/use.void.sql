-- SPDX-License-Identifier: MIT
-- doc: Takes the use of a lot or cartridge back as a mistake. It stays in the history.
-- role: operator
-- noun: use
-- param: use ref:use required -- Its number, or the cartridge's serial.
-- about: lot of_session=session
-- guard: of_session=session
-- reason: required

--: let
SELECT session AS of_session, lot AS lot FROM item_use WHERE id = :use

--: check
SELECT 'conflict', printf('Use #%d was taken back already.', id), 'use'
FROM item_use WHERE id = :use AND void IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Use #%d was reported by the pen itself: it follows from the pen''s record, and goes where that goes.', id), 'use'
FROM item_use WHERE id = :use AND source = 'pen'

--: apply
UPDATE item_use SET void = :entry, entry = :entry WHERE id = :use;
