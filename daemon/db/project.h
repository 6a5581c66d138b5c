/* SPDX-License-Identifier: MIT */
/*
 * Projections: the rows that follow from entries. The writer calls this for each new entry,
 * verification for all of them again in an empty database; it is the same code, so what is compared
 * is the data.
 */
#ifndef DB_PROJECT_H
#define DB_PROJECT_H

#include "base/clockfit.h"
#include "base/summary.h"
#include "chain/chain.h"
#include "db/stmt.h"

/* A clock fit as stored: beside the fit, an estimated one has bounds for the moment of power-up
 * (tick 0). */
struct epoch {
	uint64_t from_tick_us;
	struct clock_fit fit;
	int64_t boot_min_us,
		boot_max_us;  /* estimated only; TIME_UNKNOWN: no bound, not estimated */
	int64_t rtc_error_us; /* TIME_UNKNOWN: not measured */
};

/* What is written to a run's row. TIME_UNKNOWN becomes NULL. */
struct run_times {
	int64_t start_us, end_us, earliest_us, latest_us, quality, local_day;
};

/* What decides a run's times. */
struct run_ticks {
	int64_t log, boot;
	uint64_t start_us, end_us;   /* ticks */
	int64_t after_us, before_us; /* TIME_UNKNOWN, or the pen's clock cannot be believed and this
					is what is known */
	bool open;		     /* no end yet */
};

/* What a run's row has beside what its entry says; verification compares it with the cycles. */
struct run_extra {
	int64_t run;		/* its id */
	struct run_ticks ticks; /* as its entry says them */
	const struct summary *summary;
	int64_t block, blocks; /* block: TIME_UNKNOWN when there are none */
};

/* The entry in a row of seq, at_us, actor, action, payload, without its hash. Its texts are the row's,
 * and NULL where there was no memory. */
struct chain_entry project_row(sqlite3_stmt *q);

/* Updates the projections for @e. @run is for run.add, else NULL. -EINVAL for an
 * action that it does not know, errors of SQLite. */
int project_entry(struct stmts *s, const struct chain_entry *e, const struct run_extra *run);

/* Times by the fits that there are; all TIME_UNKNOWN when there is none. */
int project_run_times(struct stmts *s, const struct run_ticks *ticks, struct run_times *ret);

/* The fit that holds at @tick_us of a boot. 1 found, 0 none. */
int project_find_epoch(struct stmts *s, int64_t log, int64_t boot, uint64_t tick_us,
		       struct epoch *ret);
/* Reads columns @at, @at+1, ... in the order quality, tick0, utc0, drift, err0, err_ppb. */
void project_read_fit(sqlite3_stmt *q, int at, struct clock_fit *ret);

/* Times saturate and are never TIME_UNKNOWN. */
static inline int64_t time_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN + 1 : INT64_MAX;
	return sum == INT64_MIN ? INT64_MIN + 1 : sum;
}

/* How far a pen's clock may run off in @tick_us. */
int64_t drift_bound(uint64_t tick_us);
struct clock_time epoch_map(const struct epoch *e, uint64_t tick_us);

/* The 15 values of a summary in the order of the run's columns (cycles .. depth_max_um, hist).
 * @hist: scratch that stays until the statement has run. */
#define V_SUMMARY(s, hist, hist_len)                                                               \
	V_INT((s)->cycles), V_INT((s)->period_count), V_INT((s)->period_sum_us),                   \
		V_INT((s)->freq_count), V_INT((s)->freq_sum_chz), V_INT((s)->freq_sq),             \
		V_INT((s)->freq_min_chz), V_INT((s)->freq_max_chz), V_INT((s)->freq_outside),      \
		V_INT((s)->depth_count), V_INT((s)->depth_sum_um), V_INT((s)->depth_sq),           \
		V_INT((s)->depth_min_um), V_INT((s)->depth_max_um), V_BLOB(hist, hist_len)
#define V_TIMES(t)                                                                                 \
	V_OPTIONAL((t)->start_us), V_OPTIONAL((t)->end_us), V_OPTIONAL((t)->earliest_us),          \
		V_OPTIONAL((t)->latest_us), V_OPTIONAL((t)->quality), V_OPTIONAL((t)->local_day)

#endif
