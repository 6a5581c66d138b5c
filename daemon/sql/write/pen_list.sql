SELECT p.id, p.serial, p.manufacturer, p.model, p.firmware, p.depth_source, p.depth_uncertainty_um, p.depth_resolution_um,
	p.stroke_um, p.first_seen_us,
	coalesce((SELECT max(c.contact_us) FROM log l JOIN cursor c ON c.log = l.id WHERE l.pen = p.id), p.first_seen_us),
	EXISTS (SELECT 1 FROM log l WHERE l.pen = p.id AND l.kept)
FROM pen p ORDER BY p.id
