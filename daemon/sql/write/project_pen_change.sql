UPDATE pen SET manufacturer = p ->> 'manufacturer', model = p ->> 'model', firmware = p ->> 'firmware',
	depth_source = p ->> 'depth_source', depth_uncertainty_um = p ->> 'depth_uncertainty_um',
	depth_resolution_um = p ->> 'depth_resolution_um', stroke_um = p ->> 'stroke_um',
	capabilities = p ->> 'capabilities', entry = seq
FROM (SELECT :seq AS seq, :payload AS p) WHERE id = p ->> 'pen_id'
