/* SPDX-License-Identifier: MIT */
/* What is to be told: findings of open sessions, and of those that changed, that nobody has been
 * told of. */
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "db/audit_list.h"

/* Entries that pass before it is written down that they were looked at. To look at one twice tells
 * nothing twice. */
#define CURSOR_LAG 256

static const struct db_param touched_params[] = {
	{"after", DB_INT, false, 0, INT64_MAX, NULL, "Entries up to this one were looked at.", NULL,
	 NULL, false},
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
	struct buf *out;
	int64_t now_us;
	int64_t after, last, cursor; /* cursor: as it is written down; INT64_MIN: nothing is */
	int64_t due_us;		     /* when time alone will make the next finding; 0: never */
	struct buf sessions, findings;
	bool changed;
};

static int ask_int(struct audit *a, const char *sql, int64_t *ret)
{
	const char *rest;
	sqlite3_stmt *q;
	int r;

	*ret = INT64_MIN;
	if (sqlcache_get(&a->labels, a->handle, sql, &q, &rest) != SQLITE_OK)
		return -EIO;
	r = sqlite3_step(q);
	if (r == SQLITE_ROW)
		*ret = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return r == SQLITE_ROW || r == SQLITE_DONE ? 0 : -EIO;
}

/* *ret_told: whether somebody was told of it, as severe as it is; *ret_same: and what is kept of it says so still. */
static int is_told(struct audit *a, const struct finding *f, bool *ret_told, bool *ret_same)
{
	const char *rest, *severity, *says;
	sqlite3_stmt *q;
	int r;

	*ret_told = *ret_same = false;
	if (sqlcache_get(&a->labels, a->handle,
			 "SELECT severity, says FROM audit_seen WHERE finding = ?1", &q,
			 &rest) != SQLITE_OK)
		return -EIO;
	sqlite3_bind_text(q, 1, f->key, -1, SQLITE_STATIC);
	r = sqlite3_step(q);
	if (r == SQLITE_ROW) {
		severity = (const char *)sqlite3_column_text(q, 0);
		says = (const char *)sqlite3_column_text(q, 1);
		*ret_told = db_severity_parse(severity) >= f->severity;
		*ret_same =
			db_severity_parse(severity) == f->severity && says && streq(says, f->says);
	}
	sqlite3_reset(q);
	return r == SQLITE_ROW || r == SQLITE_DONE ? 0 : -EIO;
}

/* Of the pen that it is about; else of the only one that its session has, for whoever watches that. */
static int add_serial(struct touched *t, const struct finding *f)
{
	static const char sql[] =
		"SELECT serial FROM pen WHERE id = coalesce(nullif(?1, 0), (SELECT a.pen FROM "
		"assignment a WHERE a.session = ?2 AND a.void IS NULL GROUP BY a.session HAVING "
		"count(DISTINCT a.pen) = 1))";
	const char *rest;
	sqlite3_stmt *q;
	int r;

	json_key(&t->findings, "serial");
	if (sqlcache_get(&t->a->labels, t->a->handle, sql, &q, &rest) != SQLITE_OK)
		return -EIO;
	sqlite3_bind_int64(q, 1, f->id[FINDING_PEN]);
	sqlite3_bind_int64(q, 2, f->id[FINDING_SESSION]);
	r = sqlite3_step(q);
	json_text(&t->findings, r == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL);
	sqlite3_reset(q);
	return r == SQLITE_ROW || r == SQLITE_DONE ? 0 : -EIO;
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
	static const char count[] = "SELECT count(*) FROM audit_seen WHERE session = ?1";
	struct findings found = {.item = NULL};
	struct audit_filter filter;
	int64_t n_same = 0, n_seen = 0;
	const char *rest;
	sqlite3_stmt *q;
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
	if (r == 0 && sqlcache_get(&t->a->labels, t->a->handle, count, &q, &rest) == SQLITE_OK) {
		sqlite3_bind_int64(q, 1, session);
		if (sqlite3_step(q) == SQLITE_ROW)
			n_seen = sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
	}
	if (open && found.due_us && (t->due_us == 0 || found.due_us < t->due_us))
		t->due_us = found.due_us;
	json_int(&t->sessions, session);
	t->changed |= n_same != (int64_t)found.n || n_same != n_seen;
	findings_done(&found);
	return r;
}

/* Open sessions, and those since ?3 that entries after ?1, up to ?2, are about: themselves, by
 * their clients, by runs that came late. */
static const char sessions_sql[] =
	"SELECT s.id, s.state = 'open' FROM session s WHERE (s.state = 'open' OR s.start_us > ?3)"
	" AND s.id IN ("
	"SELECT id FROM session WHERE state = 'open'"
	" UNION SELECT id FROM about WHERE entry > ?1 AND entry <= ?2 AND noun = 'session'"
	" UNION SELECT c.id FROM about a JOIN session c ON c.client = a.id WHERE a.entry > ?1 AND "
	"a.entry <= ?2 AND a.noun = 'client'"
	" AND a.subject = 1"
	" UNION SELECT r.session FROM entry e JOIN run r ON r.id = e.payload ->> 'run' WHERE e.seq "
	"> ?1 AND e.seq <= ?2 AND e.action = 'run.add')";

static int add_sessions(struct touched *t)
{
	sqlite3_stmt *q;
	int r, step;

	/* prepared here: another of it must not run in the same cache meanwhile */
	if (sqlite3_prepare_v2(t->a->handle, sessions_sql, -1, &q, NULL) != SQLITE_OK)
		return -EIO;
	sqlite3_bind_int64(q, 1, t->after);
	sqlite3_bind_int64(q, 2, t->last);
	sqlite3_bind_int64(q, 3, t->now_us - LIMIT_TOLD_DAYS * USEC_PER_DAY);
	r = 0;
	while (r == 0 && (step = sqlite3_step(q)) == SQLITE_ROW)
		r = add_session(t, sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1) != 0);
	sqlite3_finalize(q);
	return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}

static int look(struct touched *t, const struct db_value *after)
{
	int r;

	r = ask_int(t->a, "SELECT max(seq) FROM entry", &t->last);
	if (r == 0)
		r = ask_int(t->a, "SELECT entry FROM audit_cursor WHERE id = 1", &t->cursor);
	if (r < 0)
		return r;
	/* A record that nobody has looked at before is not looked at from its beginning: what is in
	 * it is for audit.list. */
	t->after = after->set ? after->i : t->cursor == INT64_MIN ? t->last : t->cursor;
	json_open(&t->sessions, '[');
	json_open(&t->findings, '[');
	r = audit_prepare(t->a, 0) == SQLITE_OK ? add_sessions(t) : -EIO;
	json_close(&t->sessions, ']');
	json_close(&t->findings, ']');
	return r;
}

int audit_touched(struct audit *a, struct db_job *job)
{
	struct touched t = {.a = a,
			    .out = &job->out,
			    .now_us = now_utc_us(),
			    .sessions = BUF_INIT(0),
			    .findings = BUF_INIT(0)};
	int r;

	if (sqlite3_exec(a->handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	r = look(&t, &job->value[0]);
	if (r == 0) {
		json_open(&job->out, '{');
		json_kv_int(&job->out, "entry", t.last);
		json_kv_bool(&job->out, "changed", t.changed);
		json_kv_bool(&job->out, "keep",
			     t.changed || t.cursor == INT64_MIN || t.last - t.cursor >= CURSOR_LAG);
		json_kv_int(&job->out, "due_us", t.due_us);
		json_key(&job->out, "sessions");
		json_raw(&job->out, t.sessions.data, t.sessions.len);
		json_key(&job->out, "findings");
		json_raw(&job->out, t.findings.data, t.findings.len);
		json_close(&job->out, '}');
		r = t.sessions.error   ? t.sessions.error
		    : t.findings.error ? t.findings.error
				       : job->out.error;
	}
	buf_done(&t.sessions);
	buf_done(&t.findings);
	return r;
}
