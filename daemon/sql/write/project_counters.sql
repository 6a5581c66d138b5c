-- The pen's lifetime counter as last heard, and its total over wraps and resets.
UPDATE pen SET counter_bits = p ->> '$.data.bits', counter_cycles = p ->> '$.data.cycles',
	counter_on_us = p ->> '$.data.motor_on_us', counter_total = p ->> '$.data.total'
FROM (SELECT :payload AS p) WHERE serial = p ->> 'pen'
