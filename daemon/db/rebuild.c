/* SPDX-License-Identifier: MIT */
#include "db/db_internal.h"
#include "db/project.h"
#include "db/query.h"
#include "db/rebuild.h"
#include "db/sql_functions.h"

int rebuild_open(struct stmts *ret)
{
	sqlite3 *handle = NULL;
	int r;

	r = sqlite3_open_v2("", &handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	stmts_init(ret, handle);
	if (r != SQLITE_OK)
		return -ENOMEM;
	for (size_t i = 0; i < db_n_schema && r == SQLITE_OK; i++)
		r = sqlite3_exec(handle, db_schema[i].sql, NULL, NULL, NULL);
	/* what fails ends it all, so there is nothing to roll back to */
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "PRAGMA journal_mode=OFF; PRAGMA cache_size=-4096; BEGIN",
				 NULL, NULL, NULL);
	if (r == SQLITE_OK) /* statements of changes use them */
		r = sql_functions_add(handle);
	return r == SQLITE_OK ? 0 : -EIO;
}

/* ---- uses ---- */

static int prepare(sqlite3 *handle, const char *sql, sqlite3_stmt **ret)
{
	return db_sqlite_error(handle, sqlite3_prepare_v2(handle, sql, -1, ret, NULL));
}

/* Follows the entries from which uses follow. */
static int follow(struct stmts *again, sqlite3_stmt *q)
{
	int r = 0, step;

	while (r == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct chain_entry e = project_row(q);

		r = e.actor && e.action && e.payload ? project_entry(again, &e, NULL) : -ENOMEM;
	}
	if (r == 0 && step != SQLITE_DONE)
		r = db_sqlite_error(sqlite3_db_handle(q), step);
	return r;
}

static int copy(sqlite3_stmt *from, sqlite3_stmt *to)
{
	int step;

	while ((step = sqlite3_step(from)) == SQLITE_ROW) {
		sqlite3_reset(to);
		for (int i = 0; i < sqlite3_column_count(from); i++)
			sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
		step = sqlite3_step(to);
		if (step != SQLITE_DONE)
			return db_sqlite_error(sqlite3_db_handle(to), step);
	}
	return step == SQLITE_DONE ? 0 : db_sqlite_error(sqlite3_db_handle(from), step);
}

int rebuild_uses(sqlite3 *handle)
{
	sqlite3_stmt *entries = NULL, *have = NULL, *put = NULL;
	struct stmts again;
	sqlite3 *beside;
	int r;

	r = rebuild_open(&again);
	beside = again.handle;
	if (r == 0)
		r = prepare(handle, stmt_sql(uses_entries), &entries);
	if (r == 0)
		r = follow(&again, entries);
	if (r == 0)
		r = prepare(again.handle, stmt_sql(uses_made), &have);
	if (r == 0)
		r = prepare(handle, stmt_sql(use_put), &put);
	if (r == 0)
		r = copy(have, put);
	sqlite3_finalize(entries);
	sqlite3_finalize(have);
	sqlite3_finalize(put);
	stmts_done(&again);
	sqlite3_close(beside);
	return r;
}
