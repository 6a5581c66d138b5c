/* SPDX-License-Identifier: MIT */
/* What subscribers are told of findings is written down first: a restart tells nothing twice. */
#include "base/limits.h"
#include "base/timefmt.h"
#include "db/store.h"

int seen_apply(struct store *s, const struct db_seen *seen)
{
	int64_t now_us = now_utc_us();
	int r;

	r = stmt_run(&s->stmts, seen_drop, V_TEXT(seen->told));
	if (r == 0)
		r = stmt_run(&s->stmts, seen_put, V_INT(now_us), V_TEXT(seen->told));
	if (r == 0)
		r = stmt_run(&s->stmts, seen_cursor, V_TEXT(seen->told));
	if (r == 0)
		r = stmt_run(&s->stmts, seen_forget, V_INT(LIMIT_TOLD_FORGET),
			     V_INT(now_us - LIMIT_TOLD_DAYS * USEC_PER_DAY));
	return r;
}
