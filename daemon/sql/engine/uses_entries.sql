-- What uses follow from in a record that knows pens alone, in order.
SELECT seq, at_us, actor, action, payload FROM entry
WHERE action IN ('pen.add', 'pen.change', 'log.add', 'log.fork', 'event.add', 'clock.fit')
ORDER BY seq
