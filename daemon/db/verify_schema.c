/* SPDX-License-Identifier: MIT */
/* What the tables and views are, before anything is read by them; and the file that they are in. */
#include "db/db_internal.h"
#include "db/verify_tables.h"

/* By their names: below 0 when @a's is the first, 0 when it is the same object. */
static int compare_names(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int order = verify_compare_value(a, b, 0);

	return order ? order : verify_compare_value(a, b, 1);
}

/* Both in step, by their names. */
static int compare_schema(struct verify *v, sqlite3_stmt *have, sqlite3_stmt *want)
{
	for (;;) {
		int a = stmt_step(&v->record, have), b = stmt_step(&v->rebuilt, want), order;
		sqlite3_stmt *q;

		if (a < 0)
			return verify_unable(v, &v->record, a);
		if (b < 0)
			return verify_unable(v, &v->rebuilt, b);
		if (!a && !b)
			return 0;
		order = !a ? 1 : !b ? -1 : compare_names(have, want);
		if (order == 0 && verify_same_value(have, want, 2) &&
		    verify_same_value(have, want, 3))
			continue;
		q = order > 0 ? want : have; /* missing, or more, or another */
		return verify_fail(
			v,
			"The %s \"%.100s\" of the database is not the one that this program makes: "
			"what is read by it may not be what was written.",
			verify_text(q, 0), verify_text(q, 1));
	}
}

/* A view that leaves a row out, or a trigger, lies without a row being touched. Names of SQLite's
 * own are no exception: who writes to the schema itself can give them to anything, and the daemon
 * lets SQLite make no tables for itself. */
int verify_schema(struct verify *v)
{
	sqlite3_stmt *have, *want;
	int r;

	r = stmt_begin(&v->record, verify_schema, &have);
	if (r < 0)
		return verify_unable(v, &v->record, r);
	r = stmt_begin(&v->rebuilt, verify_schema, &want);
	return r < 0 ? verify_unable(v, &v->rebuilt, r) : compare_schema(v, have, want);
}

/*
 * The rows were read by their keys. What is asked by an index is found by that, and an index that
 * lacks a row hides it: SQLite itself compares each index with its table, entry by entry, and with
 * it the structure of the file.
 */
int verify_indices(struct verify *v)
{
	sqlite3 *handle = v->record.handle;
	const char *found;
	sqlite3_stmt *q;
	int r;

	if (v->progress)
		v->progress("indices", 0, 1, v->ctx);
	r = sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &q, NULL);
	if (r != SQLITE_OK)
		return verify_unable(v, &v->record, db_sqlite_error(handle, r));
	r = sqlite3_step(q);
	if (r != SQLITE_ROW) {
		r = verify_unable(v, &v->record,
				  r == SQLITE_DONE ? -EIO : db_sqlite_error(handle, r));
	} else {
		found = verify_text(q, 0);
		r = streq(found, "ok")
			    ? 0
			    : verify_fail(v,
					  "The file is damaged, or an index was changed so that it "
					  "hides what is there: %.300s.",
					  found);
	}
	sqlite3_finalize(q);
	return r;
}
