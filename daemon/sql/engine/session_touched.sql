-- Sessions that are open, and those since :since_us that entries after :after, up to :last, are about: themselves, by their clients, by
-- runs that came late.
SELECT s.id, s.state = 'open' FROM session s
WHERE (s.state = 'open' OR s.start_us > :since_us) AND s.id IN (
	SELECT id FROM session WHERE state = 'open'
	UNION SELECT id FROM about WHERE entry > :after AND entry <= :last AND +noun = 'session'
	UNION SELECT c.id FROM about a JOIN session c ON c.client = a.id
	WHERE a.entry > :after AND a.entry <= :last AND +a.noun = 'client' AND a.subject = 1
	UNION SELECT r.session FROM entry e JOIN run r ON r.id = e.payload ->> 'run'
	WHERE e.seq > :after AND e.seq <= :last AND e.action = 'run.add')
