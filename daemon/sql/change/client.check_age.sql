-- SPDX-License-Identifier: MIT
-- doc: Records that somebody looked at a client's identity document.
-- role: operator
-- noun: client
-- param: client ref:client required -- Record number, or name.
-- param: practitioner ref:practitioner -- Who looked; without it, who is at the keyboard.
-- param: age_checked time -- When; without it, now.
-- about: checked_by=practitioner

--: let
SELECT coalesce(:practitioner, :on_behalf_of, (SELECT id FROM practitioner WHERE user_name = :actor AND active)) AS checked_by,
	coalesce(:age_checked, :at_us) AS checked_us

--: check
SELECT 'missing', 'Nobody is said to have looked at the identity document: name the practitioner.', 'practitioner'
WHERE :checked_by IS NULL
UNION ALL
SELECT 'invalid', printf('%s is in the future.', local_time(:checked_us)), 'age_checked'
WHERE :checked_us > :at_us + 300000000
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s: there is nothing left to change.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL

--: apply
UPDATE client SET age_checked_us = :checked_us, age_checked_by = :checked_by, entry = :entry WHERE id = :client;
