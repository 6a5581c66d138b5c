INSERT INTO event (id, pen, log, seq, boot, tick_us, kind, data, at_us, earliest_us, latest_us, quality)
SELECT seq, l.pen, l.id, p ->> 'seq', p ->> 'boot', p ->> 'tick_us', p ->> 'kind', p -> 'data',
	:at_us, :earliest_us, :latest_us, :quality
FROM (SELECT :seq AS seq, :payload AS p) JOIN log l ON l.id = p ->> 'log'
