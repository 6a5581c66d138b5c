-- SPDX-License-Identifier: MIT
-- doc: What is missing before a session can be signed.
-- role: operator
-- shape: list
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- column: what text -- client, practitioner, age, consent, consent_late, risks, needle, ink, barrier, disinfection, aftercare_verbal, aftercare_written, zones, depth, complications, run_open or runs.
-- column: hint text -- What is missing, and the verb that mends it.

SELECT what, hint
FROM session_gaps
WHERE session = :session
