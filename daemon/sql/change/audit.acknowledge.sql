-- SPDX-License-Identifier: MIT
-- doc: Acknowledges a finding of the audit: somebody has seen it, and answers for it with a reason. It is counted apart from then on, and
-- doc: stays in sight. Again, with another reason, replaces the reason.
-- role: operator
-- noun: acknowledgement
-- param: finding text required min=1 max=512 -- Which: `finding` as audit.list answers it, such as session-long/session=12.
-- about: session client
-- reason: required
-- column: finding text -- Which.

--: check
SELECT 'not_found', finding_problem(:finding), 'finding' WHERE finding_problem(:finding) IS NOT NULL

--: let
SELECT substr(:finding, 1, instr(:finding, '/') - 1) AS rule,
	CAST(nullif(finding_part(:finding, 'session'), '') AS INTEGER) AS session

--: let
SELECT coalesce((SELECT client FROM session WHERE id = :session), CAST(nullif(finding_part(:finding, 'client'), '') AS INTEGER)) AS client,
	coalesce((SELECT id FROM acknowledgement WHERE finding = :finding), (SELECT coalesce(max(id), 0) + 1 FROM acknowledgement)) AS acknowledgement

--: check
SELECT 'not_found', printf('There is no session #%d.', :session), 'finding'
WHERE :session IS NOT NULL AND NOT EXISTS (SELECT 1 FROM session WHERE id = :session)
UNION ALL
SELECT 'not_found', printf('There is no client #%d.', :client), 'finding'
WHERE :client IS NOT NULL AND NOT EXISTS (SELECT 1 FROM client WHERE id = :client)

--: apply
INSERT INTO acknowledgement (id, finding, rule, session, client, at_us, actor, reason_entry, entry)
VALUES (:acknowledgement, :finding, :rule, :session, :client, :at_us, :actor, :entry, :entry)
ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us, actor = excluded.actor, reason_entry = excluded.reason_entry, entry = excluded.entry;

--: answer
SELECT :finding AS finding
