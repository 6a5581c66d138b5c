-- Who acknowledged a finding, when, and why; the reason NULL once it was erased.
SELECT a.at_us, a.actor, p.value
FROM acknowledgement a LEFT JOIN personal p ON p.entry = a.reason_entry AND p.field = 'reason'
WHERE a.finding = :finding
