/* SPDX-License-Identifier: MIT */
/* What is to be told: findings of open sessions, of those that changed, and of those that a changed
 * lot met, that nobody has been told of. */
#include "base/limits.h"
#include "base/timefmt.h"
#include "db/audit_list.h"

/* Entries that pass before it is written down that they were looked at. To look at one twice tells
 * nothing twice. */
#define CURSOR_LAG 256

static const struct db_param touched_params[] = {
	{"after", DB_INT, false, 0, INT64_MAX, NULL, "Entries up to this one were looked at.", NULL,
	 NULL, false},
	{"lots", DB_INT, false, 0, INT64_MAX, NULL,
	 "Of entries about lots, those up to this one were looked at; without it, as many as of "
	 "all.",
	 NULL, NULL, false},
	{"met", DB_INT, false, 0, INT64_MAX, NULL,
	 "Of the sessions that the lots of the next one met, those up to this number were, too.",
	 NULL, NULL, false},
};

const struct db_query db_audit_touched = {
	.method = "audit.touched",
	.doc = "Sessions about which something changed, and what is found in them.",
	.role = ROLE_DAEMON,
	.shape = SHAPE_TOUCHED,
	.params = touched_params,
	.n_params = ELEMENTSOF(touched_params),
	.sql = "",
};

struct touched {
	struct audit *a;
	int64_t now_us;
	int64_t after, last; /* entries looked at: from the one after, up to the last */
	int64_t lots, met;   /* the same of entries about lots, and of the sessions of the next */
	int64_t some[LIMIT_TOLD_MET]; /* sessions that lots met, to be looked at; 0: was already */
	size_t n_some;
	bool rest;	/* there are more of them */
	int64_t cursor; /* up to which was looked, as it is written down; INT64_MIN: nothing is */
	int64_t due_us; /* when time alone will make the next finding; 0: never */
	struct buf sessions, findings; /* JSON arrays of the answer */
	bool changed; /* what is kept of these sessions is no longer what is found */
};

/* ---- what is written down ---- */

/* A number by a statement without values; INT64_MIN: no row. */
static int ask_int(struct audit *a, enum stmt_id id, int64_t *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first_values(&a->stmts, id, &q, NULL, 0);
	if (r < 0)
		return -EIO;
	*ret = r > 0 ? sqlite3_column_int64(q, 0) : INT64_MIN;
	if (r > 0)
		stmt_end(q);
	return 0;
}

/* *ret_told: whether somebody was told of it, as severe as it is; *ret_same: and what is kept of it says so still. */
static int is_told(struct audit *a, const struct finding *f, bool *ret_told, bool *ret_same)
{
	enum db_severity severity;
	sqlite3_stmt *q;
	const char *says;
	int r;

	r = stmt_first(&a->stmts, seen_get, &q, V_TEXT(f->key));
	if (r < 0)
		return -EIO;
	*ret_told = *ret_same = false;
	if (r == 0)
		return 0;
	severity = db_severity_parse((const char *)sqlite3_column_text(q, 0));
	says = (const char *)sqlite3_column_text(q, 1);
	*ret_told = severity >= f->severity;
	*ret_same = severity == f->severity && says && streq(says, f->says);
	stmt_end(q);
	return 0;
}

/* How many findings of the session somebody was told of. */
static int count_told(struct audit *a, int64_t session, int64_t *ret)
{
	sqlite3_stmt *q;

	if (stmt_begin(&a->stmts, seen_count, &q, V_INT(session)) < 0 ||
	    stmt_step(&a->stmts, q) <= 0)
		return -EIO;
	*ret = sqlite3_column_int64(q, 0);
	stmt_end(q);
	return 0;
}

/* ---- sessions and their findings ---- */

static int add_serial(struct touched *t, const struct finding *f)
{
	struct stmts *s = &t->a->stmts;
	sqlite3_stmt *q;
	int r;

	json_key(&t->findings, "serial");
	r = stmt_first(s, finding_serial, &q, V_INT(f->id[FINDING_PEN]),
		       V_INT(f->id[FINDING_SESSION]));
	if (r < 0)
		return -EIO;
	json_text(&t->findings, r > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL);
	if (r > 0)
		stmt_end(q);
	return 0;
}

static int add_finding(struct touched *t, const struct finding *f, bool told)
{
	struct buf *b = &t->findings;
	int r;

	json_open(b, '{');
	json_kv_text(b, "finding", f->key);
	json_kv_text(b, "rule", f->rule->query.method);
	json_kv_text(b, "severity", db_severity_name(f->severity));
	for (size_t i = 0; i <= FINDING_LOT; i++)
		if (f->id[i])
			json_kv_int(b, finding_id_names[i], f->id[i]);
	r = add_serial(t, f);
	json_kv_int(b, "at_us", f->at_us);
	json_kv_text(b, "says", f->says);
	json_kv_text(b, "does", f->does);
	json_kv_bool(b, "new", !told);
	json_close(b, '}');
	return r;
}

/* Findings of one session, and whether what is kept of them is the same. */
static int add_session(struct touched *t, int64_t session, bool open)
{
	struct findings found = {.item = NULL};
	struct audit_filter filter;
	int64_t n_same = 0, n_told = 0;
	int r;

	audit_filter_init(&filter, t->now_us);
	filter.value[RULE_SESSION] = session;
	filter.of_session = filter.nameless = true;
	filter.online = open;
	r = audit_evaluate(t->a, &filter, &found);
	for (size_t i = 0; i < found.n && r == 0; i++) {
		bool told = false, same = false;

		r = is_told(t->a, &found.item[i], &told, &same);
		n_same += same;
		if (r == 0)
			r = add_finding(t, &found.item[i], told);
	}
	if (r == 0)
		r = count_told(t->a, session, &n_told);
	if (open && found.due_us && (t->due_us == 0 || found.due_us < t->due_us))
		t->due_us = found.due_us;
	json_int(&t->sessions, session);
	t->changed |= n_same != (int64_t)found.n || n_same != n_told;
	findings_done(&found);
	return r;
}

/* Adds to those to be looked at what the lots of entry @entry met, as many as there is room for. */
static int find_met(struct touched *t, int64_t entry)
{
	struct stmts *s = &t->a->stmts;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, lot_met, &q, V_INT(entry), V_INT(t->met),
		       V_INT(t->now_us - LIMIT_TOLD_DAYS * USEC_PER_DAY),
		       V_INT((int64_t)(LIMIT_TOLD_MET - t->n_some)));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		t->met = sqlite3_column_int64(q, 0);
		t->some[t->n_some++] = t->met;
	}
	return r < 0 ? -EIO : 0;
}

/* Goes on with what lots met, entry by entry, until there is enough for one round. */
static int find_lots(struct touched *t)
{
	struct stmts *s = &t->a->stmts;
	int64_t entry;
	sqlite3_stmt *q;
	int r;

	while ((r = stmt_first(s, lot_next, &q, V_INT(t->lots), V_INT(t->last))) > 0) {
		entry = sqlite3_column_int64(q, 0);
		stmt_end(q);
		r = find_met(t, entry);
		if (r < 0)
			return r;
		if (t->n_some == LIMIT_TOLD_MET) {
			/* what comes before the entry is done; of its own there may be more */
			t->lots = entry - 1;
			t->rest = true;
			return 0;
		}
		t->lots = entry;
		t->met = 0;
	}
	t->lots = t->last;
	t->met = 0;
	return r < 0 ? -EIO : 0;
}

/* A session is looked at once in a round. */
static void leave_out(struct touched *t, int64_t session)
{
	for (size_t i = 0; i < t->n_some; i++)
		if (t->some[i] == session)
			t->some[i] = 0;
}

static int add_sessions(struct touched *t)
{
	struct stmts *s = &t->a->stmts;
	sqlite3_stmt *q;
	int r, e = 0;

	r = stmt_begin(s, session_touched, &q, V_INT(t->now_us - LIMIT_TOLD_DAYS * USEC_PER_DAY),
		       V_INT(t->after), V_INT(t->last));
	while (r >= 0 && e == 0 && (r = stmt_step(s, q)) > 0) {
		leave_out(t, sqlite3_column_int64(q, 0));
		e = add_session(t, sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1) != 0);
	}
	if (r > 0)
		stmt_end(q);
	return e < 0 ? e : r < 0 ? -EIO : 0;
}

static int add_some(struct touched *t)
{
	int r = 0;

	for (size_t i = 0; i < t->n_some && r == 0; i++) {
		int64_t session = t->some[i];

		/* two lots may have met it */
		leave_out(t, session);
		if (session)
			r = add_session(t, session, false);
	}
	return r;
}

static int look(struct touched *t, const struct db_value *value)
{
	int r;

	r = audit_prepare(t->a, 0);
	if (r == 0)
		r = ask_int(t->a, STMT_entry_last, &t->last);
	if (r == 0)
		r = ask_int(t->a, STMT_seen_entry, &t->cursor);
	if (r < 0)
		return r;
	/* A record that nobody has looked at before is not looked at from its beginning: what is in
	 * it is for audit.list. */
	t->after = value[0].set ? value[0].i : t->cursor == INT64_MIN ? t->last : t->cursor;
	t->lots = value[1].set ? value[1].i : t->after;
	t->met = value[2].set ? value[2].i : 0;
	r = find_lots(t);
	json_open(&t->sessions, '[');
	json_open(&t->findings, '[');
	if (r == 0)
		r = add_sessions(t);
	if (r == 0)
		r = add_some(t);
	json_close(&t->sessions, ']');
	json_close(&t->findings, ']');
	return r;
}

/* ---- the answer ---- */

static void add_rest(const struct touched *t, struct buf *out)
{
	json_key(out, "rest");
	json_open(out, '{');
	json_kv_int(out, "after", t->last);
	json_kv_int(out, "lots", t->lots);
	json_kv_int(out, "met", t->met);
	json_close(out, '}');
}

static int answer(const struct touched *t, struct buf *out)
{
	int64_t entry = t->rest ? t->lots : t->last;

	if (t->sessions.error || t->findings.error)
		return t->sessions.error ? t->sessions.error : t->findings.error;
	json_open(out, '{');
	json_kv_int(out, "entry", entry);
	json_kv_bool(out, "changed", t->changed);
	json_kv_bool(out, "keep",
		     t->changed || t->cursor == INT64_MIN || entry - t->cursor >= CURSOR_LAG);
	json_kv_int(out, "due_us", t->due_us);
	json_key(out, "sessions");
	json_raw(out, t->sessions.data, t->sessions.len);
	json_key(out, "findings");
	json_raw(out, t->findings.data, t->findings.len);
	if (t->rest)
		add_rest(t, out);
	json_close(out, '}');
	return out->error;
}

int audit_touched(struct audit *a, struct db_job *job)
{
	struct touched t = {
		.a = a, .now_us = now_utc_us(), .sessions = BUF_INIT(0), .findings = BUF_INIT(0)};
	int r;

	if (sqlite3_exec(a->handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	r = look(&t, job->value);
	if (r == 0)
		r = answer(&t, &job->out);
	buf_done(&t.sessions);
	buf_done(&t.findings);
	return r;
}
