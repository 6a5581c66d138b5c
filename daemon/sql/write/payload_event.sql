SELECT p ->> 'log', p ->> 'boot', p ->> 'tick_us', p ->> 'kind' FROM (SELECT :payload AS p)
