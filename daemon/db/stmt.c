/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "db/db_internal.h"
#include "db/query.h"
#include "db/stmt.h"

#define STMT_NAME_(name) #name,
static const char *const names[] = {STMT_LIST(STMT_NAME_)};
#undef STMT_NAME_

const char *stmt_text(enum stmt_id id)
{
	return db_statement_sql(names[id]);
}

void stmts_init(struct stmts *s, sqlite3 *handle)
{
	*s = (struct stmts){.handle = handle};
}

void stmts_done(struct stmts *s)
{
	for (size_t i = 0; i < STMT_MAX_; i++)
		sqlite3_finalize(TAKE_PTR(s->stmt[i]));
	sqlcache_done(&s->cache);
	s->handle = NULL;
}

void stmts_reset(struct stmts *s)
{
	for (size_t i = 0; i < STMT_MAX_; i++)
		sqlite3_reset(s->stmt[i]); /* NULL is fine */
	sqlcache_reset(&s->cache);
}

int stmts_fail(struct stmts *s, int result)
{
	s->failed = true;
	snprintf(s->problem, sizeof(s->problem), "%s", sqlite3_errmsg(s->handle));
	return db_sqlite_error(s->handle, result);
}

static int prepare(struct stmts *s, enum stmt_id id)
{
	int r;

	if (s->stmt[id])
		return 0;
	r = sqlite3_prepare_v3(s->handle, stmt_text(id), -1, SQLITE_PREPARE_PERSISTENT,
			       &s->stmt[id], NULL);
	return r == SQLITE_OK ? 0 : stmts_fail(s, r);
}

static int bind(sqlite3_stmt *stmt, int at, const struct stmt_value *v)
{
	switch (v->type) {
	case VALUE_OPTIONAL:
		if (v->i == INT64_MIN)
			return sqlite3_bind_null(stmt, at);
		return sqlite3_bind_int64(stmt, at, v->i);
	case VALUE_INT:
		return sqlite3_bind_int64(stmt, at, v->i);
	case VALUE_TEXT:
		return sqlite3_bind_text(stmt, at, v->p, -1, SQLITE_STATIC);
	case VALUE_BLOB:
		return sqlite3_bind_blob64(stmt, at, v->p, v->len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

int stmt_begin_values(struct stmts *s, enum stmt_id id, sqlite3_stmt **ret,
		      const struct stmt_value *values, size_t n)
{
	int r;

	r = prepare(s, id);
	if (r < 0)
		return r;
	assert((size_t)sqlite3_bind_parameter_count(s->stmt[id]) == n);
	assert(!sqlite3_stmt_busy(s->stmt[id])); /* whoever began it last has ended it */
	for (size_t i = 0; i < n; i++) {
		r = bind(s->stmt[id], (int)i + 1, &values[i]);
		if (r != SQLITE_OK) {
			sqlite3_reset(s->stmt[id]);
			return stmts_fail(s, r);
		}
	}
	*ret = s->stmt[id];
	return 0;
}

int stmt_step(struct stmts *s, sqlite3_stmt *stmt)
{
	int r;

	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		return 1;
	if (r == SQLITE_DONE) {
		sqlite3_reset(stmt);
		return 0;
	}
	r = stmts_fail(s, r);
	sqlite3_reset(stmt);
	return r;
}

int stmt_first_values(struct stmts *s, enum stmt_id id, sqlite3_stmt **ret,
		      const struct stmt_value *values, size_t n)
{
	int r = stmt_begin_values(s, id, ret, values, n);

	return r < 0 ? r : stmt_step(s, *ret);
}

void stmt_end(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

int stmt_run_values(struct stmts *s, enum stmt_id id, const struct stmt_value *values, size_t n)
{
	sqlite3_stmt *stmt;
	int r;

	r = stmt_begin_values(s, id, &stmt, values, n);
	while (r >= 0 && (r = stmt_step(s, stmt)) > 0)
		;
	return r;
}

int stmt_exec(struct stmts *s, const char *sql)
{
	int r = sqlite3_exec(s->handle, sql, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : stmts_fail(s, r);
}
