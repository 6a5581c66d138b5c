-- What adds up runs anew (daemon/db/total.h): whatever changes a run marks its session and the next reading of its pen's counter, so that no
-- way of changing one can forget it.
CREATE TEMP TRIGGER total_insert AFTER INSERT ON main.run BEGIN
-- part: total.mark ROW=NEW
END;
CREATE TEMP TRIGGER total_update AFTER UPDATE ON main.run WHEN OLD.state <> 0 OR NEW.state <> 0 BEGIN
-- part: total.mark ROW=OLD
-- part: total.mark ROW=NEW
END;
CREATE TEMP TRIGGER total_delete AFTER DELETE ON main.run BEGIN
-- part: total.mark ROW=OLD
END;
CREATE TEMP TRIGGER count_insert AFTER INSERT ON main.run WHEN NEW.state <> 0 BEGIN
-- part: total.reading ROW=NEW SEQ=first_seq
END;
CREATE TEMP TRIGGER count_update AFTER UPDATE OF state, cycles ON main.run
	WHEN NEW.state <> 0 AND (OLD.state <> NEW.state OR OLD.cycles <> NEW.cycles) BEGIN
-- part: total.reading ROW=NEW SEQ=first_seq
END;
CREATE TEMP TRIGGER count_delete AFTER DELETE ON main.run WHEN OLD.state <> 0 BEGIN
-- part: total.reading ROW=OLD SEQ=first_seq
END;
-- A reading is itself to be compared with the one before.
CREATE TEMP TRIGGER count_event AFTER INSERT ON main.event WHEN NEW.kind = 'counters' BEGIN
	INSERT INTO recount SELECT NEW.id WHERE NOT EXISTS (SELECT 1 FROM recount WHERE event = NEW.id);
-- part: total.reading ROW=NEW SEQ=seq
END;
