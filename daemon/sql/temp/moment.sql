-- What history.get makes again in memory: runs are copied as they are now, and are then as they were before anybody decided whose they
-- are, so that what follows decides.
CREATE TEMP TRIGGER fresh AFTER INSERT ON run BEGIN
	UPDATE run SET session = NULL, attribution = 0, attribution_entry = NULL WHERE id = NEW.id;
END;
