-- SPDX-License-Identifier: MIT
-- doc: What is missing before a session can be signed. One row for each kind of thing of which nothing is recorded that would do; whether all
-- doc: that is recorded was in order (a consent by word only, one needle lot without its expiry beside one that has it, a pen cleaned after
-- doc: the work, a lot that was expired or recalled) the audit says.
-- role: operator
-- shape: list
-- param: session ref:session required -- Its number; or the client: the open session, or the only one.
-- column: what text -- client, practitioner, age, consent, consent_late, risks, needle, ink, barrier, disinfection, aftercare_verbal, aftercare_written, zones, depth, complications, run_open or runs.
-- column: hint text -- What is missing, and the verb that mends it.

SELECT what, hint
FROM session_gaps
WHERE session = :session
