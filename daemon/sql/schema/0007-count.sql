-- What audits would else read runs for. As in 0002; counter_step is a projection: it follows from the runs that have ended and from what
-- pens say of their counters (daemon/db/total.h).

-- A reading of a pen's counter, and the one before it in the same log: by how much the counter moved, and how many cycles of runs that
-- began between the two are held. A counter that began anew has no step.
CREATE TABLE counter_step (
	event      INTEGER PRIMARY KEY REFERENCES event (id),
	pen        INTEGER NOT NULL REFERENCES pen (id),
	from_event INTEGER NOT NULL REFERENCES event (id),
	moved      INTEGER NOT NULL,
	held       INTEGER NOT NULL
) STRICT;
CREATE INDEX counter_step_off ON counter_step (pen, event) WHERE moved <> held;
CREATE INDEX event_counters ON event (log, boot, seq) WHERE kind = 'counters';

-- Readings behind whose runs something changed. Empty between transactions.
CREATE TABLE recount (event INTEGER PRIMARY KEY) STRICT;
INSERT INTO recount SELECT id FROM event WHERE kind = 'counters';

-- When a session's first run with the pen began, and the first in which the needle moved; the greatest depth, measured or else set.
ALTER TABLE session_total ADD COLUMN first_us INTEGER;
ALTER TABLE session_total ADD COLUMN needle_us INTEGER;
ALTER TABLE session_total ADD COLUMN depth_max_um INTEGER;
INSERT INTO retotal SELECT DISTINCT session FROM run WHERE session IS NOT NULL AND state <> 0 AND session NOT IN (SELECT session FROM retotal);

-- Top-ups that become due in a period follow from courses that were completed so many months before; so does the end of a retention.
CREATE INDEX course_completed ON course (completed_us) WHERE state = 'completed';
CREATE INDEX course_topup ON course (topup_min_months) WHERE topup_min_months IS NOT NULL;
CREATE INDEX client_added ON client (added_us);
