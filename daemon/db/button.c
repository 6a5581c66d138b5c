/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/button.h"
#include "db/change.h"

#define EXPIRE_MAX 64 /* sessions that are closed in one go; there are never so many chairs */

/* Carries out a change of the daemon's own and frees it. A refusal is no error: *ret_done says it.
 */
static int carry_out(struct store *s, struct db_msg *msg, bool *ret_done)
{
	bool failed;
	int r;

	r = change_apply(s, &msg->change, &failed);
	*ret_done = r == 0;
	db_change_msg_free(msg);
	if (r == -EBADR && !failed)
		return 0;
	return r;
}

static int end_session(struct store *s, int64_t session, int64_t at_us, const char *by,
		       const char *actor, bool *ret_done)
{
	struct db_msg *msg = db_change_msg_new(db_change_find("session.expire"));

	if (!msg)
		return -ENOMEM;
	db_change_msg_int(msg, "session", session);
	db_change_msg_int(msg, "at", at_us);
	if (db_change_msg_text(msg, "by", by) < 0) {
		db_change_msg_free(msg);
		return -ENOMEM;
	}
	snprintf(msg->change.actor.name, sizeof(msg->change.actor.name), "%s", actor);
	return carry_out(s, msg, ret_done);
}

/* ---- the button ---- */

struct press {
	int64_t pen, at_us;
	int64_t session; /* that holds the pen then, or TIME_UNKNOWN */
};

/* 1; 0 when its time is only estimated: it may belong anywhere. */
static int read_press(struct store *s, int64_t event, struct press *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, button_press, &q, V_INT(event));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	ret->pen = sqlite3_column_int64(q, 0);
	ret->at_us = sqlite3_column_int64(q, 1);
	ret->session = stmt_optional(q, 2);
	stmt_end(q);
	return 1;
}

static int begin_session(struct store *s, const struct press *p, const char *actor, int64_t at_us)
{
	struct db_msg *msg = db_change_msg_new(db_change_find("session.button"));
	bool done;

	if (!msg)
		return -ENOMEM;
	db_change_msg_int(msg, "pen", p->pen);
	db_change_msg_int(msg, "at", p->at_us);
	msg->change.at_us = at_us;
	snprintf(msg->change.actor.name, sizeof(msg->change.actor.name), "%s", actor);
	return carry_out(s, msg, &done);
}

int button_pressed(struct store *s, struct log_state *log, int64_t at_us)
{
	bool starts = log->button == BUTTON_START || log->button == BUTTON_TOGGLE;
	bool ends = log->button == BUTTON_END || log->button == BUTTON_TOGGLE;
	char actor[sizeof("pen:") + PW_TEXT_SIZE];
	struct press press = {0};
	bool done;
	int r;

	if (!starts && !ends)
		return 0;
	r = run_park(s, log); /* a run that is going: its session's time begins, or ends, with it */
	if (r == 0)
		r = read_press(s, s->head.seq, &press);
	if (r <= 0)
		return r;
	snprintf(actor, sizeof(actor), "pen:%s", log->serial);
	if (press.session == TIME_UNKNOWN)
		return starts ? begin_session(s, &press, actor, at_us) : 0;
	return ends ? end_session(s, press.session, press.at_us, "button", actor, &done) : 0;
}

/* ---- idle sessions ---- */

struct idle {
	int64_t session, end_us;
};

static int read_idle(struct store *s, const struct db_expire *e, struct idle *idle, size_t *ret_n)
{
	sqlite3_stmt *q;
	size_t n = 0;
	int r;

	r = stmt_begin(&s->stmts, expire_list, &q, V_INT(e->now_us), V_INT(e->idle_us),
		       V_INT(EXPIRE_AWAY_US), V_TEXT(e->live.data ? e->live.data : "[]"));
	while (r >= 0 && n < EXPIRE_MAX && (r = stmt_step(&s->stmts, q)) > 0)
		idle[n++] = (struct idle){.session = sqlite3_column_int64(q, 0),
					  .end_us = sqlite3_column_int64(q, 1)};
	if (r > 0)
		stmt_end(q);
	*ret_n = n;
	return MIN(r, 0);
}

int expire_apply(struct store *s, struct db_expire *e)
{
	struct idle idle[EXPIRE_MAX];
	size_t n;
	int r;

	e->closed = 0;
	r = read_idle(s, e, idle, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		bool done;

		r = end_session(s, idle[i].session, idle[i].end_us, "idle", "daemon", &done);
		e->closed += r == 0 && done;
	}
	return r;
}
