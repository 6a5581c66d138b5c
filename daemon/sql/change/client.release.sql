-- SPDX-License-Identifier: MIT
-- doc: Ends the legal hold on a client's record.
-- role: operator
-- noun: client
-- param: client ref:client required -- Record number, or name.
-- reason: required

--: check
SELECT 'conflict', printf('Client #%d is under no legal hold.', id), 'client'
FROM client WHERE id = :client AND hold_us IS NULL

--: apply
UPDATE client SET hold_us = NULL, entry = :entry WHERE id = :client;
