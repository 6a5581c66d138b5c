/* SPDX-License-Identifier: MIT */
/* A pen says who it is: pen and log are found or made, and reading goes on at the cursor. */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/log_state.h"

#define LOG_ID_TEXT 17 /* 16 hex digits and the zero */

struct texts {
	char serial[PW_TEXT_SIZE + 1], manufacturer[PW_TEXT_SIZE + 1], model[PW_TEXT_SIZE + 1],
		firmware[PW_TEXT_SIZE + 1];
};

static int64_t known16(uint16_t v)
{
	return v == PW_UNKNOWN_U16 ? TIME_UNKNOWN : v;
}

static void kv_known16(struct buf *b, const char *key, uint16_t v)
{
	if (v != PW_UNKNOWN_U16)
		json_kv_int(b, key, v);
}

static int pen_entry(struct store *s, const struct db_attach *a, const struct texts *t, int64_t id,
		     const char *action)
{
	struct entry_info info = {.action = action, .pen = t->serial, .at_us = a->at_us};
	const struct pw_identity *i = &a->identity;
	struct buf *b = entry_begin(s);

	json_kv_int(b, "capabilities", i->capabilities);
	kv_known16(b, "depth_resolution_um", i->depth_resolution_um);
	json_kv_int(b, "depth_source", i->depth_source);
	kv_known16(b, "depth_uncertainty_um", i->depth_uncertainty_um);
	json_kv_text(b, "firmware", t->firmware);
	json_kv_text(b, "manufacturer", t->manufacturer);
	json_kv_text(b, "model", t->model);
	json_kv_text(b, "pen", t->serial);
	json_kv_int(b, "pen_id", id);
	kv_known16(b, "stroke_um", i->stroke_um);
	return entry_add(s, &info, NULL, NULL);
}

static bool column_is(sqlite3_stmt *q, int column, const char *text)
{
	const char *have = (const char *)sqlite3_column_text(q, column);

	return have && streq(have, text);
}

static bool same_pen(sqlite3_stmt *q, const struct db_attach *a, const struct texts *t)
{
	const struct pw_identity *i = &a->identity;

	return column_is(q, 1, t->manufacturer) && column_is(q, 2, t->model) &&
	       column_is(q, 3, t->firmware) && sqlite3_column_int64(q, 4) == i->depth_source &&
	       stmt_optional(q, 5) == known16(i->depth_uncertainty_um) &&
	       stmt_optional(q, 6) == known16(i->depth_resolution_um) &&
	       stmt_optional(q, 7) == known16(i->stroke_um) &&
	       sqlite3_column_int64(q, 8) == (int64_t)i->capabilities;
}

static int pen_new(struct store *s, struct db_attach *a, const struct texts *t)
{
	int64_t count;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, pen_next, &q);
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	a->pen = sqlite3_column_int64(q, 0);
	count = sqlite3_column_int64(q, 1);
	stmt_end(q);
	if (count >= LIMIT_PENS_KNOWN)
		return -EUSERS;
	return pen_entry(s, a, t, a->pen, "pen.add");
}

static int find_pen(struct store *s, struct db_attach *a, const struct texts *t)
{
	sqlite3_stmt *q;
	bool same;
	int r;

	r = stmt_begin(&s->stmts, pen_get, &q, V_TEXT(t->serial));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r < 0)
		return r;
	if (r == 0)
		return pen_new(s, a, t);
	a->pen = sqlite3_column_int64(q, 0);
	same = same_pen(q, a, t);
	stmt_end(q);
	return same ? 0 : pen_entry(s, a, t, a->pen, "pen.change");
}

/* The newest fork of the log. 1, or 0 when there is none. */
static int find_log(struct store *s, struct db_attach *a, const char *log_id, int64_t *ret_fork)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, log_last, &q, V_INT(a->pen), V_TEXT(log_id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r > 0) {
		a->log = sqlite3_column_int64(q, 0);
		*ret_fork = sqlite3_column_int64(q, 1);
		stmt_end(q);
	}
	return r;
}

static int new_log(struct store *s, struct db_attach *a, const struct texts *t, const char *log_id,
		   int64_t fork, uint64_t next_seq)
{
	struct entry_info info = {.action = fork ? "log.fork" : "log.add", .pen = t->serial};
	sqlite3_stmt *q;
	struct buf *b;
	int r;

	r = stmt_begin(&s->stmts, log_next, &q);
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	a->log = sqlite3_column_int64(q, 0);
	stmt_end(q);
	b = entry_begin(s);
	if (fork)
		json_kv_int(b, "fork", fork);
	if (!a->has_log)
		json_kv_bool(b, "kept", false);
	json_kv_int(b, "log", a->log);
	json_kv_text(b, "log_id", log_id);
	json_kv_text(b, "pen", t->serial);
	json_kv_int(b, "pen_id", a->pen);
	r = entry_add(s, &info, NULL, NULL);
	if (r < 0)
		return r;
	return stmt_run(&s->stmts, cursor_add, V_INT(a->log), V_INT(next_seq), V_INT(a->at_us));
}

/* What the log's state says of time, and the answers. */
static int answer(struct store *s, struct db_attach *a)
{
	uint64_t end = a->identity.next_seq;
	struct log_state *log;
	struct epoch e;
	int r;

	r = log_state_get(s, a->log, &log);
	if (r < 0)
		return r;
	/* an end before the cursor is no news of this log but of another in its place */
	if (end >= log->next_seq) {
		r = stmt_run(&s->stmts, contact_put, V_INT(a->log), V_INT(end), V_INT(a->at_us));
		if (r < 0)
			return r;
	}
	log->around_from = log->around_to = 0;
	log->contact_us = MAX(log->contact_us, a->at_us);
	log->dirty = log->settle = true;
	a->next_seq = log->next_seq;
	a->have_crc = log->have_crc;
	a->crc = log->crc;
	r = project_find_epoch(&s->stmts, a->log, a->identity.boot, a->identity.tick_us, &e);
	if (r < 0)
		return r;
	a->have_fit = r > 0 && e.fit.quality != CLOCK_ESTIMATED;
	if (a->have_fit)
		a->fit = e.fit;
	return 0;
}

static int check_identity(const struct db_attach *a, struct texts *t, char log_id[LOG_ID_TEXT])
{
	const struct pw_identity *i = &a->identity;

	if (pw_text_get(i->serial, t->serial) == 0)
		return -EINVAL;
	pw_text_get(i->manufacturer, t->manufacturer);
	pw_text_get(i->model, t->model);
	pw_text_get(i->firmware, t->firmware);
	snprintf(log_id, LOG_ID_TEXT, "%016llx", (unsigned long long)i->log_id);
	return i->next_seq > INT64_MAX || i->first_seq > i->next_seq || i->tick_us > INT64_MAX
		       ? -EINVAL
		       : 0;
}

/* A new log in the place of the pen's last one: what would have ended a run there is gone. */
static int cut_open_runs(struct store *s, int64_t pen)
{
	struct log_state *log;
	sqlite3_stmt *q;
	int64_t id;
	int r;

	for (;;) {
		r = stmt_begin(&s->stmts, run_open_of_pen, &q, V_INT(pen));
		if (r >= 0)
			r = stmt_step(&s->stmts, q);
		if (r <= 0)
			return r;
		id = sqlite3_column_int64(q, 0);
		stmt_end(q);
		r = log_state_get(s, id, &log);
		if (r < 0)
			return r;
		assert(log->run.open);
		r = run_finish(s, log, NULL);
		if (r < 0)
			return r;
	}
}

/* The pen, which is added or changed where it is not as it says, and the newest fork of its log. As
 * find_log(). */
static int find_pen_and_log(struct store *s, struct db_attach *a, struct texts *t,
			    char log_id[LOG_ID_TEXT], int64_t *ret_fork)
{
	int r = check_identity(a, t, log_id);

	if (r == 0)
		r = find_pen(s, a, t);
	return r < 0 ? r : find_log(s, a, log_id, ret_fork);
}

int attach_apply(struct store *s, struct db_attach *a)
{
	char log_id[LOG_ID_TEXT];
	struct texts t;
	int64_t fork;
	int r;

	r = find_pen_and_log(s, a, &t, log_id, &fork);
	if (r == 0)
		r = cut_open_runs(s, a->pen);
	if (r == 0)
		r = new_log(s, a, &t, log_id, 0, 0);
	return r < 0 ? r : answer(s, a);
}

int fork_apply(struct store *s, struct db_attach *a)
{
	char log_id[LOG_ID_TEXT];
	struct texts t;
	int64_t fork;
	int r;

	r = find_pen_and_log(s, a, &t, log_id, &fork);
	if (r < 0)
		return r;
	if (r == 0) {
		r = new_log(s, a, &t, log_id, 0, a->identity.first_seq);
		return r < 0 ? r : answer(s, a);
	}
	r = cut_open_runs(s, a->pen);
	if (r == 0)
		r = new_log(s, a, &t, log_id, fork + 1, a->identity.first_seq);
	return r < 0 ? r : answer(s, a);
}
