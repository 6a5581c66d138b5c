-- Told findings of sessions of long ago, of which nothing is told any more: of a few at a time, the earliest by number, that have any.
DELETE FROM audit_seen
WHERE session IN (SELECT few.session FROM (SELECT DISTINCT session FROM audit_seen ORDER BY session LIMIT :few) few
	LEFT JOIN session s ON s.id = few.session
	WHERE s.id IS NULL OR s.state <> 'open' AND s.start_us <= :before_us)
