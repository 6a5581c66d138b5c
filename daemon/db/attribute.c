/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "db/attribute.h"
#include "db/run.h"
#include "db/store.h"

/* What is needed of a run's row. */
struct run_row {
	int64_t id, pen, state, earliest_us, latest_us, session, attribution;
};

/* The session that holds a range, and whether it is signed. */
struct holder {
	int64_t session;
	bool is_signed;
};

enum attribution { ATTRIBUTION_NONE, ATTRIBUTION_TIME, ATTRIBUTION_HAND, ATTRIBUTION_DISMISSED };

int attribute_pen_of(struct stmts *s, int64_t log, int64_t *ret_pen)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, attribute_pen, &q, V_INT(log));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	*ret_pen = sqlite3_column_int64(q, 0);
	stmt_end(q);
	return 0;
}

static int find_holder(struct stmts *s, const struct run_row *run, struct holder *ret)
{
	int64_t latest_us = run->state == RUN_OPEN ? INT64_MAX : run->latest_us;
	sqlite3_stmt *q;
	int r;

	*ret = (struct holder){.session = NO_SESSION};
	if (run->earliest_us == TIME_UNKNOWN)
		return 0;
	r = stmt_begin(s, attribute_holder, &q, V_INT(run->pen), V_INT(run->earliest_us),
		       V_INT(latest_us), V_INT(run->id));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r <= 0)
		return r;
	ret->session = sqlite3_column_int64(q, 0);
	ret->is_signed = attribute_is_signed(q, 1);
	stmt_end(q);
	return 0;
}

static int note_moved(struct stmts *s, const struct run_row *run, int64_t session, bool late)
{
	s->moved = true;
	return stmt_run(s, moved_add, V_INT(run->id), V_INT(run->pen), V_INT(session), V_INT(late));
}

int attribute_new_run(struct stmts *s, int64_t log, int64_t run, const struct run_times *times,
		      int64_t *ret_session)
{
	struct run_row row = {.id = run,
			      .state = RUN_ENDED,
			      .earliest_us = times->earliest_us,
			      .latest_us = times->latest_us};
	struct holder holder;
	int r;

	r = attribute_pen_of(s, log, &row.pen);
	if (r == 0)
		r = find_holder(s, &row, &holder);
	if (r < 0)
		return r;
	if (holder.is_signed) {
		r = note_moved(s, &row, holder.session, true);
		holder.session = NO_SESSION;
	}
	*ret_session = holder.session;
	return r;
}

/* ---- again ---- */

static void row_of(sqlite3_stmt *q, struct run_row *ret)
{
	*ret = (struct run_row){
		.id = sqlite3_column_int64(q, 0),
		.pen = sqlite3_column_int64(q, 1),
		.state = sqlite3_column_int64(q, 2),
		.earliest_us = stmt_optional(q, 3),
		.latest_us = stmt_optional(q, 4),
		.session = stmt_optional(q, 5),
		.attribution = sqlite3_column_int64(q, 6),
	};
}

static int read_run(struct stmts *s, int64_t run, struct run_row *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, attribute_run_get, &q, V_INT(run));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r > 0) {
		row_of(q, ret);
		stmt_end(q);
	}
	return r;
}

static int session_is_signed(struct stmts *s, int64_t session, bool *ret)
{
	sqlite3_stmt *q;
	int r;

	*ret = false;
	r = stmt_begin(s, attribute_state, &q, V_INT(session));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r > 0) {
		*ret = attribute_is_signed(q, 0);
		stmt_end(q);
	}
	return MIN(r, 0);
}

/*
 * Decides a run again. @amended: the signed session that may change, or NO_SESSION. *ret_kept is
 * the signed session that kept it from moving (out of it, or into it), or NO_SESSION.
 */
static int decide(struct stmts *s, const struct run_row *run, int64_t amended, int64_t entry,
		  int64_t *ret_kept)
{
	struct holder holder;
	bool from_signed = false;
	int r;

	*ret_kept = NO_SESSION;
	if (run->attribution >= ATTRIBUTION_HAND)
		return 0;
	r = find_holder(s, run, &holder);
	if (r < 0 || holder.session == run->session)
		return r;
	if (run->session != NO_SESSION && run->session != amended)
		r = session_is_signed(s, run->session, &from_signed);
	if (r < 0)
		return r;
	if (from_signed) {
		*ret_kept = run->session;
		return 0;
	}
	if (holder.is_signed && holder.session != amended) {
		*ret_kept = holder.session;
		holder.session = NO_SESSION;
		if (run->session == NO_SESSION)
			return 0;
	}
	return stmt_run(s, attribute_run_set, V_OPTIONAL(holder.session),
			V_OPTIONAL(run->state == RUN_OPEN ? TIME_UNKNOWN : entry), V_INT(run->id));
}

int attribute_open_run(struct stmts *s, int64_t run)
{
	struct run_row row;
	int64_t kept;
	int r;

	r = read_run(s, run, &row);
	return r <= 0 ? r : decide(s, &row, NO_SESSION, TIME_UNKNOWN, &kept);
}

int attribute_mapped_run(struct stmts *s, int64_t run, int64_t old_earliest_us,
			 int64_t old_latest_us, int64_t entry)
{
	struct holder before;
	struct run_row row;
	int64_t kept;
	int r;

	r = read_run(s, run, &row);
	if (r <= 0)
		return r;
	r = decide(s, &row, NO_SESSION, entry, &kept);
	if (r < 0 || kept == NO_SESSION || row.state == RUN_OPEN)
		return r;
	/* said once: not again for each fit that says the same */
	row.earliest_us = old_earliest_us;
	row.latest_us = old_latest_us;
	r = find_holder(s, &row, &before);
	if (r < 0 || (before.session == kept) != (row.session == kept))
		return r;
	return note_moved(s, &row, kept, row.session != kept);
}

static int relink_span(struct stmts *s, const struct attribute_span *span)
{
	sqlite3_stmt *q;
	int64_t kept;
	int r;

	r = stmt_begin(s, attribute_run_list, &q, V_INT(span->pen), V_INT(span->from_us),
		       V_INT(span->to_us));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct run_row row;

		row_of(q, &row);
		r = decide(s, &row, span->amended, span->entry, &kept);
	}
	return r < 0 ? r : attribute_uses(s, span);
}

int attribute_relink(struct stmts *s, int64_t entry)
{
	bool any = false;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, relink_list, &q);
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct attribute_span span = {
			.pen = sqlite3_column_int64(q, 0),
			.from_us = sqlite3_column_int64(q, 1),
			.to_us = sqlite3_column_int64(q, 2),
			.amended = stmt_optional(q, 3),
			.entry = entry,
		};

		any = true;
		r = relink_span(s, &span);
	}
	return r < 0 || !any ? r : stmt_run(s, relink_clear);
}

/* ---- findings ---- */

/* One finding for each pen and session: read into memory first, for a finding is an entry. */
struct told {
	char serial[PW_TEXT_SIZE + 1];
	bool late;
	char detail[128];
};

#define TOLD_MAX 64 /* in one go; a fit that shifts more sessions is told of the first */

static int read_moved(struct stmts *s, struct told *told, size_t *ret_n)
{
	sqlite3_stmt *q;
	size_t n = 0;
	int r;

	r = stmt_begin(s, moved_list, &q);
	while (r >= 0 && n < TOLD_MAX && (r = stmt_step(s, q)) > 0) {
		const char *serial = (const char *)sqlite3_column_text(q, 0);

		snprintf(told[n].serial, sizeof(told[n].serial), "%s", serial ? serial : "");
		told[n].late = sqlite3_column_int(q, 2);
		snprintf(told[n].detail, sizeof(told[n].detail),
			 "{\"run\":%" PRId64 ",\"runs\":%" PRId64 ",\"session\":%" PRId64 "}",
			 (int64_t)sqlite3_column_int64(q, 4), (int64_t)sqlite3_column_int64(q, 3),
			 (int64_t)sqlite3_column_int64(q, 1));
		n++;
	}
	if (r > 0)
		stmt_end(q);
	*ret_n = n;
	return MIN(r, 0);
}

int attribute_tell(struct store *s)
{
	_cleanup_(freep) struct told *told = NULL;
	size_t n = 0;
	int r;

	if (!s->stmts.moved)
		return 0;
	s->stmts.moved = false;
	told = calloc(TOLD_MAX, sizeof(*told));
	if (!told)
		return -ENOMEM;
	r = read_moved(&s->stmts, told, &n);
	if (r == 0)
		r = stmt_run(&s->stmts, moved_clear);
	for (size_t i = 0; i < n && r == 0; i++)
		r = finding_add(s, told[i].serial, told[i].late ? "run.late" : "run.moved",
				told[i].detail, 0);
	return r;
}
