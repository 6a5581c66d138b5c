SELECT id, manufacturer, model, firmware, depth_source, depth_uncertainty_um, depth_resolution_um, stroke_um, capabilities
FROM pen WHERE serial = :serial
