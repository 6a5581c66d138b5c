-- SPDX-License-Identifier: MIT
-- doc: The newest entry is the one that was signed, and no verification found the record to differ from its hashes. What an audit sees at a
-- doc: glance; the proof is stipplectl verify.
-- source: integrity of the record
-- scope: record
-- severity: critical
-- key: entry what
-- says: The record does not match its hashes: {what}.
-- do: Stop relying on it; keep the file as it is, run stipplectl verify, and fetch the backup.

SELECT h.at_us AS at_us, h.seq AS entry, 'entry ' || h.seq || ' is not the one that was signed' AS what
FROM head h LEFT JOIN entry e ON e.seq = h.seq
WHERE e.hash IS NOT h.hash
UNION ALL
SELECT h.at_us, h.seq, 'entries after ' || h.seq || ' were not signed'
FROM head h
WHERE h.seq <> (SELECT max(seq) FROM entry)
UNION ALL
SELECT v.at_us, 0, rtrim(v.problem, '.')
FROM verified v
WHERE v.id = 1 AND v.problem IS NOT NULL
