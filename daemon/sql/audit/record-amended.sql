-- SPDX-License-Identifier: MIT
-- doc: A session that was changed after it had been signed. Each change says who made it and why: history list.
-- source: integrity of the record
-- scope: session
-- severity: info
-- key: session
-- says: The record of {session} of {client} was changed {times} after it was signed at {signed_at}.
-- do: Read what was changed and why: history list.

SELECT s.start_us AS at_us, s.day AS day, s.id AS session, s.client AS client, s.practitioner AS practitioner, s.place AS place,
	s.amended AS value, iif(s.amended = 1, 'once', s.amended || ' times') AS times, s.signed_us AS signed_at
FROM session s
WHERE s.state <> 'void' AND s.amended > 0
	-- part: rule.session
