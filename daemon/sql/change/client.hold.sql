-- SPDX-License-Identifier: MIT
-- doc: Puts a client's record under legal hold: nothing of it is erased until it is released.
-- role: operator
-- noun: client
-- param: client ref:client required -- Record number, or name.
-- reason: required

--: check
SELECT 'conflict', printf('Client #%d is under legal hold already, since %s.', id, local_time(hold_us)), 'client'
FROM client WHERE id = :client AND hold_us IS NOT NULL
UNION ALL
SELECT 'conflict', printf('Client #%d was erased on %s: there is nothing left to hold.', id, local_time(erased_us)), 'client'
FROM client WHERE id = :client AND erased_us IS NOT NULL

--: apply
UPDATE client SET hold_us = :at_us, entry = :entry WHERE id = :client;
