INSERT INTO item_use (id, session, pen, serial, needle, at_us, until_us, source, event, entry)
SELECT (SELECT coalesce(max(id), 0) + 1 FROM item_use), :session, e.pen, e.data ->> 'id', e.data ->> 'config', :at_us, :until_us,
	'pen', e.id, :entry
FROM event e WHERE e.id = :event
