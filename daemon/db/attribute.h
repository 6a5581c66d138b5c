/* SPDX-License-Identifier: MIT */
/*
 * Whose machine time is it? A run belongs to the session whose interval of the pen (table
 * assignment) holds its whole possible range; where none does, it is unattributed and its
 * candidates are those whose intervals it touches. It is part of the projections: it follows from
 * the entries alone, and `stippled --verify` does the same again.
 *
 * - A run that has ended is decided when its entry is written. While it is open its row shows what
 *   would be decided now.
 * - A new clock fit decides again. So do changes, for the pens and periods that their statements
 *   write into table relink.
 * - What somebody decided by hand (run.link, run.unlink, run.dismiss) stays.
 * - A signed session neither gains nor loses a run by itself. What the clock would have changed is
 *   kept in table moved, and told as a finding: run.moved (by a better fit the run is not in its
 *   session), run.late (by its time it belongs into a session that was signed already).
 *
 * In the same way the cartridges that a pen reports become uses (table item_use, source 'pen'): one
 * for each session that certainly held the pen while the cartridge was certainly in it, or one
 * without a session.
 */
#ifndef DB_ATTRIBUTE_H
#define DB_ATTRIBUTE_H

#include "base/timefmt.h"
#include "db/project.h"

/* A session in a variable: its row, or none. */
#define NO_SESSION TIME_UNKNOWN

struct store;

/* The session of a run whose entry is being written. @log: row of its log. */
int attribute_new_run(struct stmts *s, int64_t log, int64_t run, const struct run_times *times,
		      int64_t *ret_session);
/* The row of an open run is there: what would be decided now. */
int attribute_open_run(struct stmts *s, int64_t run);
/* A fit (@entry) gave @run the range in its row; before it was @old_earliest_us to @old_latest_us,
 * TIME_UNKNOWN when it had none. */
int attribute_mapped_run(struct stmts *s, int64_t run, int64_t old_earliest_us,
			 int64_t old_latest_us, int64_t entry);
/* After the statements of a change: decides again what they wrote into table relink, and empties
 * it. */
int attribute_relink(struct stmts *s, int64_t entry);

/* A pen put something new about its cartridges at the end of its log. */
int attribute_cartridge(struct stmts *s, int64_t log, int64_t entry);
/* The pen's cartridge events from @from_us on have other times. */
int attribute_cartridges_mapped(struct stmts *s, int64_t log, int64_t from_us, int64_t entry);

/* Writes the findings for what a signed session kept the clock from changing. The writer only:
 * for verification they are entries of their own. */
int attribute_tell(struct store *s);

/* ---- between attribute.c and attribute_use.c ---- */

/* A part of a pen's time, looked at because of @entry; @amended is the signed session that may
 * change for once, or NO_SESSION. */
struct attribute_span {
	int64_t pen, from_us, to_us, amended, entry;
};

/* Whether column @column of a row is the state of a signed session. */
static inline bool attribute_is_signed(sqlite3_stmt *q, int column)
{
	const char *state = (const char *)sqlite3_column_text(q, column);

	return state && streq(state, "signed");
}

/* The pen whose log it is. -EINVAL: there is no such log. */
int attribute_pen_of(struct stmts *s, int64_t log, int64_t *ret_pen);
/* Uses of the cartridges that were in the pen then. */
int attribute_uses(struct stmts *s, const struct attribute_span *span);

#endif
