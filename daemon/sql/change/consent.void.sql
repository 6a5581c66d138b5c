-- SPDX-License-Identifier: MIT
-- doc: Takes a consent back as a mistake. It stays in the history.
-- role: operator
-- noun: consent
-- param: consent ref:consent required -- Its number, or the client when there is only one that stands.
-- about: client
-- guard: of_session=session
-- reason: required

-- A signed session may rest on a consent for the whole course.
--: let
SELECT n.client AS client, coalesce(n.session, (SELECT s.id FROM session s
		WHERE s.client = n.client AND s.state = 'signed' AND s.start_us >= n.at_us AND (n.course IS NULL OR s.course = n.course)
		ORDER BY s.start_us LIMIT 1)) AS of_session
FROM consent n
WHERE n.id = :consent

--: check
SELECT 'invalid', printf('Record #%d is of aftercare: take it back with aftercare.void.', id), 'consent'
FROM consent WHERE id = :consent AND kind <> 'consent'
UNION ALL
SELECT 'conflict', printf('Record #%d was taken back already.', id), 'consent'
FROM consent WHERE id = :consent AND void IS NOT NULL

--: apply
UPDATE consent SET void = :entry, entry = :entry WHERE id = :consent;
