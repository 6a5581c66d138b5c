/* SPDX-License-Identifier: MIT */
/*
 * What a simulated pen's log really held, kept beside the log and not read from it: tests compare
 * the database with this.
 *
 * A cycle enters the truth when its record is in the log; what a power cut took before that was
 * never recorded. Times are true UTC, whatever the pen's clock believes.
 */
#ifndef TOOLS_PENSIM_TRUTH_H
#define TOOLS_PENSIM_TRUTH_H

#include "base/buf.h"
#include "chain/run_digest.h"
#include "pw_pen.h"

enum truth_state { TRUTH_OPEN, TRUTH_ENDED, TRUTH_CUT };

/* Sum, extremes and square of what is counted; of frequencies in Hz or depths in um. */
struct truth_moments {
	uint64_t count;
	double sum, square, min, max;
};

struct truth_run {
	uint32_t run, boot;
	enum truth_state state;
	uint8_t reason;
	uint64_t first_seq, last_seq;
	uint64_t start_tick_us, end_tick_us;
	int64_t start_utc_us, end_utc_us;
	uint32_t cycles; /* held, that is without the gaps */
	uint32_t next_index;
	uint64_t period_count, period_sum_us, depth_sum_um;
	struct truth_moments hz, um;
	struct truth_moments measured[PW_MEASURES]; /* by quantity - 1 */
	struct run_gap *gaps; /* cycles that the pen counted but could not write */
	size_t n_gaps;
	uint8_t digest[RUN_DIGEST_SIZE]; /* once it is not open */
	uint32_t *period;		 /* all cycles by index, if they are kept */
	uint16_t *depth;
	size_t kept;
	char note[32]; /* the firmware fault that spoilt its records, if one did */
};

struct truth_event {
	uint64_t seq, tick_us;
	int64_t utc_us;
	uint32_t boot;
	uint8_t type; /* enum pw_rec_type, or any other: unknown */
	union pw_rec_body body;
};

struct truth_boot {
	uint32_t boot;
	uint64_t seq;
	int64_t utc_us; /* of tick 0 */
	double drift_ppm;
	struct {
		uint64_t at_tick_us;
		int64_t by_us;
	} jump[8];
	size_t n_jumps;
};

struct truth_range {
	uint64_t first, end;
};

/* One log_id; after a roll-back the same log_id once more, as a branch. */
struct truth_log {
	uint64_t log_id;
	uint64_t first_seq, next_seq; /* now, or when it was left */
	uint64_t acked_seq;	      /* highest acknowledgement of anyone */
	bool current;
	uint64_t branch_seq; /* UINT64_MAX, or the first seq in which a branch differs from the log
				above it */
	struct truth_run *runs;
	size_t n_runs, cap_runs;
	struct truth_event *events;
	size_t n_events, cap_events;
	struct truth_boot *boots;
	size_t n_boots, cap_boots;
	struct truth_range *overwritten; /* before anyone had acknowledged them */
	size_t n_overwritten, cap_overwritten;
	struct run_digest digest; /* of the open run */
	bool keep;		  /* keep all cycles */
};

/* An empty log. @keep: all cycles, not only their sums. */
void truth_log_init(struct truth_log *t, uint64_t log_id, bool keep);
void truth_log_done(struct truth_log *t);
/* A deep copy, as of now. */
void truth_log_copy(struct truth_log *to, const struct truth_log *from);

/* The pen booted at record @seq. Borrows: valid until the next boot is told. */
struct truth_boot *truth_boot(struct truth_log *t, uint32_t boot, uint64_t seq, int64_t utc_us,
			      double drift_ppm);
void truth_event(struct truth_log *t, const struct truth_event *event);
/* The ring no longer has the records from @first to before @end; those that a host had acknowledged
 * are no loss. */
void truth_overwritten(struct truth_log *t, uint64_t first, uint64_t end);

/* The open run, NULL if there is none. */
struct truth_run *truth_open_run(struct truth_log *t);
/* @seq: of its RUN_START; UINT64_MAX if the log has none. A run of which no record is ever written
 * was never recorded: it is dropped at its end, for the pen gives its number again. */
struct truth_run *truth_run_start(struct truth_log *t, uint32_t run, uint32_t boot, uint64_t seq,
				  uint64_t tick_us, int64_t utc_us);
/* The next @count cycles of the open run, in the log as record @seq; or not in the log. */
void truth_cycles(struct truth_log *t, const uint32_t *period_us, const uint16_t *depth_um,
		  uint32_t count, uint64_t seq);
/* A value of another sensor during the open run. */
void truth_measure(struct truth_log *t, enum pw_quantity quantity, int32_t value);
/* @seq: the record that should have held them, if it is in the log; else UINT64_MAX. */
void truth_lost_cycles(struct truth_log *t, uint32_t count, uint64_t seq);
/* Ends the open run, if there is one, as ended (@seq is its RUN_END) or cut (@seq is ignored).
 * Cycles lost at the end of a run that was cut are known to nobody: they do not count as a gap. */
void truth_run_end(struct truth_log *t, enum truth_state state, uint64_t seq, uint64_t tick_us,
		   int64_t utc_us, uint8_t reason);

/* The digest of @run without the cycles of @gaps. -ENODATA if its cycles are not kept; -ERANGE for
 * gaps that are out of order or not in the run. */
int truth_digest(const struct truth_run *run, const struct run_gap *gaps, size_t n_gaps,
		 uint8_t ret[RUN_DIGEST_SIZE]);

/* @log: the pen's log if @t is its current one, to see what is left of runs that the ring has
 * reached; else NULL. */
void truth_write(struct buf *b, const struct truth_log *t, struct pw_log *log);

#endif
