-- Open sessions in which nothing happened for long, neither at the chair nor in the record, and when the last of it was at the chair.
SELECT x.id, x.end_us FROM (
	SELECT s.id AS id, max(s.start_us,
			coalesce((SELECT max(coalesce(r.end_us, r.latest_us)) FROM run r WHERE r.session = s.id), 0),
			coalesce((SELECT max(max(a.from_us, coalesce(a.to_us, 0))) FROM assignment a WHERE a.session = s.id AND a.void IS NULL), 0),
			coalesce((SELECT max(max(g.from_us, coalesce(g.to_us, 0))) FROM segment g WHERE g.session = s.id AND g.void IS NULL), 0),
			coalesce((SELECT max(max(z.from_us, coalesce(z.to_us, 0))) FROM pause z WHERE z.session = s.id AND z.void IS NULL), 0),
			coalesce((SELECT max(t.at_us) FROM step t WHERE t.session = s.id AND t.void IS NULL), 0)) AS end_us,
		(SELECT max(n.at_us) FROM about b JOIN entry n ON n.seq = b.entry WHERE b.noun = 'session' AND b.id = s.id) AS said_us
	FROM session s INDEXED BY session_open WHERE s.state = 'open') x
	JOIN (SELECT :now_us AS now_us, :idle_us AS idle_us, :away_us AS away_us) w
WHERE max(x.end_us, coalesce(x.said_us, 0)) <= w.now_us - w.idle_us
	AND (max(x.end_us, coalesce(x.said_us, 0)) <= w.now_us - w.away_us
		OR NOT EXISTS (SELECT 1 FROM assignment a WHERE a.session = x.id AND a.void IS NULL AND a.to_us IS NULL
			AND a.pen NOT IN (SELECT value FROM json_each(:live))))
ORDER BY x.id
