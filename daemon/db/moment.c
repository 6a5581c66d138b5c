/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include "base/timefmt.h"
#include "db/change_run.h"
#include "db/db_internal.h"
#include "db/moment.h"
#include "db/project.h"
#include "db/refusal.h"
#include "db/render.h"
#include "db/sql_functions.h"
#include "db/statement.h"

struct moment {
	struct db_job *job;
	sqlite3 *now;	   /* the record, borrowed */
	struct stmts then; /* its handle: in memory, owned */
	const char *noun;
	int64_t id, at_us;
	bool found; /* an entry of its own */
	int64_t entries;
};

static int fail(struct moment *m, int error, const char *what)
{
	snprintf(m->job->problem, sizeof(m->job->problem), "%s", what);
	return error;
}

/* ---- what is taken over as it is ---- */

/*
 * Rows of @select, which reads all columns of @table, from one database into the other. Its first
 * parameter is @value, its second the moment. What puts them there is made of the table's name and
 * of as many values as a row has: no file has to follow the schema.
 */
static int copy(struct moment *m, const char *table, const char *select, int64_t value)
{
	sqlite3_stmt *from = NULL, *to = NULL;
	char insert[512];
	int r, n, at;

	r = sqlite3_prepare_v2(m->now, select, -1, &from, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	sqlite3_bind_int64(from, 1, value); /* where there is no such parameter nothing is bound */
	sqlite3_bind_int64(from, 2, m->at_us);
	n = sqlite3_column_count(from);
	at = snprintf(insert, sizeof(insert), "INSERT OR IGNORE INTO %s VALUES (?1", table);
	for (int i = 2; i <= n; i++)
		at += snprintf(insert + at, sizeof(insert) - (size_t)at, ",?%d", i);
	snprintf(insert + at, sizeof(insert) - (size_t)at, ")");
	r = sqlite3_prepare_v2(m->then.handle, insert, -1, &to, NULL);
	while (r == SQLITE_OK && (r = sqlite3_step(from)) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
		r = sqlite3_step(to) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
		sqlite3_reset(to);
	}
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return r == SQLITE_DONE ? 0 : -EIO;
}

/* Pens and settings, as they are. */
static int copy_surroundings(struct moment *m)
{
	int r;

	r = copy(m, "setting", stmt_sql(moment_setting), 0);
	if (r == 0)
		r = copy(m, "pen", stmt_sql(moment_pen), 0);
	if (r == 0)
		r = copy(m, "log", stmt_sql(moment_log), 0);
	return r;
}

/* The runs of the sessions of an entry, and those it names itself, before it is followed. */
static int copy_runs(struct moment *m, sqlite3_stmt *entry)
{
	sqlite3_stmt *about;
	int64_t seq = sqlite3_column_int64(entry, 0);
	int r;

	r = sqlite3_prepare_v2(m->now, stmt_sql(moment_about), -1, &about, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	sqlite3_bind_int64(about, 1, seq);
	while ((r = sqlite3_step(about)) == SQLITE_ROW) {
		bool run = streq((const char *)sqlite3_column_text(about, 0), "run");
		int e = copy(m, "run", run ? stmt_sql(moment_run) : stmt_sql(moment_session_runs),
			     sqlite3_column_int64(about, 1));

		if (e < 0) {
			sqlite3_finalize(about);
			return e;
		}
	}
	sqlite3_finalize(about);
	return r == SQLITE_DONE ? 0 : -EIO;
}

/* ---- following entries ---- */

static int open_memory(struct moment *m)
{
	sqlite3 *handle = NULL;
	int r;

	r = sqlite3_open_v2(":memory:", &handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	stmts_init(&m->then, handle);
	for (size_t i = 0; i < db_n_schema && r == SQLITE_OK; i++)
		r = sqlite3_exec(handle, db_schema[i].sql, NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sql_functions_add(handle);
	return r == SQLITE_OK ? 0 : -ENOMEM;
}

static int follow(struct moment *m, sqlite3_stmt *q)
{
	struct chain_entry e = project_row(q);
	const struct db_change *change = e.action ? db_change_find(e.action) : NULL;
	int r;

	if (!e.actor || !e.payload)
		return -ENOMEM;
	if (!change) {
		snprintf(m->job->problem, sizeof(m->job->problem),
			 "entry %" PRId64 " (%s) cannot be followed: its action is not known",
			 e.seq, e.action);
		return -EINVAL;
	}
	r = copy(m, "entry", stmt_sql(moment_entry), e.seq);
	if (r == 0)
		r = copy(m, "personal", stmt_sql(moment_personal), e.seq);
	if (r == 0)
		r = copy_runs(m, q);
	if (r < 0)
		return r;
	r = change_project(&m->then, change, &e);
	if (r < 0) {
		snprintf(m->job->problem, sizeof(m->job->problem),
			 "entry %" PRId64 " (%s) cannot be followed: %.120s", e.seq, e.action,
			 m->then.problem);
		return r == -ENOMEM || r == -EINTR ? r : -EINVAL;
	}
	if (sqlite3_column_int(q, 6))
		m->found = true;
	return 0;
}

static int follow_all(struct moment *m, sqlite3_stmt *q)
{
	int r = 0, step;

	while (r == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		if (++m->entries > LIMIT_HISTORY_ENTRIES) {
			snprintf(m->job->problem, sizeof(m->job->problem),
				 "more than %d entries would have to be followed; ask for an "
				 "earlier time",
				 LIMIT_HISTORY_ENTRIES);
			return -E2BIG;
		}
		r = follow(m, q);
	}
	return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}

/* ---- the answer ---- */

/* What NOUN.get answers there. */
static int render_method(struct moment *m, const struct db_query *get, struct buf *out)
{
	struct statements statements = {.turn = 0};
	struct db_job job = {.query = get, .out = BUF_INIT(LIMIT_RESULT_BYTES)};
	char problem[256];
	sqlite3_stmt *q;
	int r;

	for (size_t i = 0; i < get->n_params; i++)
		if (get->params[i].type == DB_REF && streq(get->params[i].noun, m->noun))
			job.value[i] = (struct db_value){.set = true, .i = m->id};
	r = db_query_bind(&job, problem);
	if (r == 0 && statements_get(&statements, m->then.handle, get, job.value, &q) != SQLITE_OK)
		r = -EIO;
	if (r == 0) {
		r = render_rows(&job, q);
		statement_release(q);
	}
	if (r == 0)
		json_raw(out, job.out.data, job.out.len);
	buf_done(&job.out);
	for (size_t i = 0; i < get->n_params; i++)
		free(job.value[i].text);
	statements_done(&statements);
	return r;
}

static void render_column(struct moment *m, sqlite3_stmt *row, int at, struct buf *out)
{
	const char *name = sqlite3_column_name(row, at);
	size_t len = strlen(name);
	char plain[64];
	sqlite3_stmt *q;

	if (len > 3 && streq(name + len - 3, "_us")) {
		snprintf(plain, sizeof(plain), "%.*s", (int)(len - 3), name);
		json_key(out, plain);
		json_time(out, stmt_optional(row, at));
		return;
	}
	if (len > 6 && streq(name + len - 6, "_entry")) {
		snprintf(plain, sizeof(plain), "%.*s", (int)(len - 6), name);
		json_key(out, plain);
		if (stmt_begin(&m->then, personal_get, &q, V_INT(sqlite3_column_int64(row, at)),
			       V_TEXT(plain)) == 0 &&
		    stmt_step(&m->then, q) > 0) {
			json_text(out, (const char *)sqlite3_column_text(q, 0));
			stmt_end(q);
		} else {
			json_nil(out);
		}
		return;
	}
	json_key(out, streq(name, "entry") ? "version" : name);
	if (sqlite3_column_type(row, at) == SQLITE_NULL)
		json_nil(out);
	else if (sqlite3_column_type(row, at) == SQLITE_INTEGER)
		json_int(out, sqlite3_column_int64(row, at));
	else
		json_text(out, (const char *)sqlite3_column_text(row, at));
}

/* A kind of record without a method of its own. */
static int render_row(struct moment *m, struct buf *out)
{
	sqlite3_stmt *q;
	int r;

	r = sqlite3_prepare_v2(m->then.handle, db_noun_find(m->noun)->row, -1, &q, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	sqlite3_bind_int64(q, 1, m->id);
	r = sqlite3_step(q) == SQLITE_ROW ? 0 : -ENOENT;
	if (r == 0) {
		json_open(out, '{');
		for (int i = 0; i < sqlite3_column_count(q); i++)
			render_column(m, q, i, out);
		json_close(out, '}');
	}
	sqlite3_finalize(q);
	return r;
}

static int render(struct moment *m)
{
	const struct db_query *get;
	char method[80];
	int r;

	snprintf(method, sizeof(method), "%.60s.get", m->noun);
	get = db_query_find(method);
	r = get ? render_method(m, get, &m->job->out) : render_row(m, &m->job->out);
	return r < 0 ? r : m->job->out.error;
}

static int run(struct moment *m, sqlite3_stmt *stmt, int (*on_progress)(void *), void *ctx)
{
	char at[TIME_TEXT_MAX];
	int r;

	r = open_memory(m);
	if (r < 0)
		return r;
	sqlite3_progress_handler(m->then.handle, 1000, on_progress, ctx);
	r = copy_surroundings(m);
	if (r == 0)
		r = stmt_exec(&m->then, db_temp_sql("moment")); /* runs are nobody's yet */
	if (r == 0)
		r = follow_all(m, stmt);
	if (r == 0 && !m->found)
		r = -ENOENT;
	if (r == 0)
		r = render(m);
	if (r == -ENOENT)
		return refuse_with(&m->job->refusal, REFUSE_NOT_FOUND, "record",
				   "There was no %s #%" PRId64 " at %s.", m->noun, m->id,
				   time_format_local(m->at_us, at));
	if (r == -EINTR || (r == -EIO && on_progress(ctx)))
		return fail(m, -ETIME, "took too long; ask for an earlier time");
	if (r == -EIO && sqlite3_errcode(m->now) == SQLITE_OK)
		return fail(m, -EINVAL, sqlite3_errmsg(m->then.handle));
	return r;
}

int moment_render(struct db_job *job, sqlite3 *now, sqlite3_stmt *stmt,
		  int (*on_progress)(void *ctx), void *ctx)
{
	struct moment m = {.job = job, .now = now, .at_us = now_utc_us()};
	sqlite3 *handle;
	int r;

	for (size_t i = 0; i < job->query->n_params; i++) {
		const char *name = job->query->params[i].name;

		if (streq(name, "noun"))
			m.noun = job->value[i].text;
		else if (streq(name, "record"))
			m.id = job->value[i].i;
		else if (streq(name, "at") && job->value[i].set)
			m.at_us = job->value[i].i;
	}
	assert(m.noun);
	r = run(&m, stmt, on_progress, ctx);
	handle = m.then.handle;
	stmts_done(&m.then);
	sqlite3_close(handle);
	malloc_trim(0); /* a megabyte that is not needed again soon */
	return r;
}
