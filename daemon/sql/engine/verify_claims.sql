-- What a run's entry says of its cycles, and of its times.
SELECT p ->> 'run', p ->> 'cycles', coalesce(p ->> 'lost_cycles', 0), p ->> 'digest', p ->> 'summary',
	p ->> 'log', p ->> 'boot', p ->> '$.tick_us[0]', p ->> '$.tick_us[1]', p ->> 'after_us', p ->> 'before_us'
FROM (SELECT :payload AS p)
