-- What of a fit's payload decides which rows it maps.
SELECT p ->> 'log', p ->> 'boot' FROM (SELECT :payload AS p)
