/* SPDX-License-Identifier: MIT */
/* --check: is the file whole? Whether the record in it holds is db_verify()'s question. */
#include <stdio.h>

#include "db/db_internal.h"
#include "db/open.h"
#include "db/stmt.h"
#include "db/verify.h"
#include "pw_cycles.h"

static int first_text(sqlite3 *handle, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *q;
	int r, n;

	r = sqlite3_prepare_v2(handle, sql, -1, &q, NULL);
	if (r != SQLITE_OK)
		return db_sqlite_error(handle, r);
	n = sqlite3_step(q);
	if (n == SQLITE_ROW)
		snprintf(out, size, "%s", (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	if (n == SQLITE_DONE)
		return 0;
	return n == SQLITE_ROW ? 1 : db_sqlite_error(handle, n);
}

static int check_file(sqlite3 *handle, const char *path, struct db_problem *problem)
{
	char found[256];
	int r;

	r = first_text(handle, "PRAGMA integrity_check(1)", found, sizeof(found));
	if (r < 0)
		return open_problem(handle, path, r, problem);
	if (!streq(found, "ok"))
		return problem_set(problem, -EUCLEAN,
				   "The database %s is damaged: %s. Restore a backup; the pens "
				   "still hold what was not "
				   "acknowledged.",
				   path, found);
	r = first_text(handle, stmt_sql(check_reference), found, sizeof(found));
	if (r < 0)
		return open_problem(handle, path, r, problem);
	if (r > 0)
		return problem_set(problem, -EUCLEAN,
				   "The database %s is damaged: row %s refers to a row that is not "
				   "there. Restore a backup.",
				   path, found);
	return 0;
}

/* A block's own CRC says more than the page around it. */
static int check_blocks(sqlite3 *handle, const char *path, struct db_problem *problem)
{
	sqlite3_stmt *q;
	int r, n;

	r = sqlite3_prepare_v2(handle, stmt_sql(check_blocks), -1, &q, NULL);
	if (r != SQLITE_OK)
		return open_problem(handle, path, db_sqlite_error(handle, r), problem);
	r = 0;
	while (r == 0 && (n = sqlite3_step(q)) == SQLITE_ROW) {
		uint32_t count;
		enum pw_error error = pw_cycles_decode(sqlite3_column_blob(q, 1),
						       (size_t)sqlite3_column_bytes(q, 1), NULL,
						       NULL, PW_CYCLES_MAX, &count);
		if (error != PW_OK)
			r = problem_set(
				problem, -EUCLEAN,
				"The database %s is damaged: a block of cycles, row %lld of %s, "
				"does not decode (%s). Restore a backup.",
				path, (long long)sqlite3_column_int64(q, 0),
				sqlite3_column_text(q, 2), pw_error_name(error));
	}
	if (r == 0 && n != SQLITE_DONE)
		r = open_problem(handle, path, db_sqlite_error(handle, n), problem);
	sqlite3_finalize(q);
	return r;
}

int check_contents(sqlite3 *handle, const char *path, struct db_problem *problem)
{
	int r = check_file(handle, path, problem);

	return r == 0 ? check_blocks(handle, path, problem) : r;
}

int db_check(const struct db_options *options, struct db_problem *ret_problem)
{
	struct db_options read_only = *options;
	struct db *db;
	sqlite3 *handle;
	int r;

	read_only.read_only = true;
	r = db_open(&db, &read_only, ret_problem);
	if (r < 0)
		return r;
	db_free(db);
	r = db_open_reader_handle(options->path, &handle);
	if (r < 0)
		return open_problem(NULL, options->path, r, ret_problem);
	r = check_contents(handle, options->path, ret_problem);
	sqlite3_close(handle);
	return r;
}
