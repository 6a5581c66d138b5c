-- What the runs of a session come to, by pen, so that audits and reports never read runs one by one. As in 0002; session_total is a
-- projection: it follows from the rows of the runs that have ended and belong to a session (daemon/db/total.h).
--
-- hist: summary_hist_encode() of all its cycles. Where a pen has no sensor, its cycles are counted at the depth that it was set to.
-- spread_chz: half the distance between the 16th and the 84th percentile of a run's frequency, of those of at least five seconds the
-- greatest. It is the standard deviation of a steady run, and the motor's start and stop do not enter it.
-- voltage: of a run, the mean of what was measured, else what was set. vibration_mg: mean of a run's rms values, the greatest.

CREATE TABLE session_total (
	session              INTEGER NOT NULL,
	pen                  INTEGER NOT NULL REFERENCES pen (id),
	runs                 INTEGER NOT NULL,
	estimated            INTEGER NOT NULL,            -- of them, those whose time is only estimated
	incomplete           INTEGER NOT NULL,            -- those of which something is missing
	cycles               INTEGER NOT NULL,
	lost_cycles          INTEGER NOT NULL,
	on_time_us           INTEGER NOT NULL,
	freq_count           INTEGER NOT NULL,
	freq_sum_chz         INTEGER NOT NULL,
	depth_count          INTEGER NOT NULL,
	depth_sum_um         INTEGER NOT NULL,
	depth_runs           INTEGER NOT NULL,            -- runs with a depth, measured or set
	depth_uncertainty_um INTEGER,                     -- the greatest; NULL: no pen said
	spread_chz           INTEGER,
	voltage_min_mv       INTEGER,
	voltage_max_mv       INTEGER,
	vibration_mg         INTEGER,
	hist                 BLOB,
	PRIMARY KEY (session, pen)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_total_pen ON session_total (pen, session, on_time_us);

-- Sessions whose runs changed. Empty between transactions.
CREATE TABLE retotal (session INTEGER PRIMARY KEY) STRICT;
INSERT INTO retotal SELECT DISTINCT session FROM run WHERE session IS NOT NULL AND state <> 0;

-- What was lost, by when it was lost at the latest.
CREATE INDEX loss_pen_before ON loss (pen, before_us);
