INSERT INTO pen (id, serial, manufacturer, model, firmware, depth_source, depth_uncertainty_um, depth_resolution_um,
	stroke_um, capabilities, first_seen_us, entry)
SELECT p ->> 'pen_id', p ->> 'pen', p ->> 'manufacturer', p ->> 'model', p ->> 'firmware', p ->> 'depth_source',
	p ->> 'depth_uncertainty_um', p ->> 'depth_resolution_um', p ->> 'stroke_um', p ->> 'capabilities', at_us, seq
FROM (SELECT :seq AS seq, :at_us AS at_us, :payload AS p)
