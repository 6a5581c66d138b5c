/* SPDX-License-Identifier: MIT */
/*
 * What SQL from a client may do: one SELECT over the documented views, with pure functions, under a
 * deadline. The views of the schema are the documented ones; a base table may be read only as one
 * of them reads it, column by column.
 */
#ifndef DB_SQL_GUARD_H
#define DB_SQL_GUARD_H

#include <sqlite3.h>

#include "base/buf.h"

/* Columns that all views together read: thirty views read about 700. */
#define SQL_GUARD_READS 2048

/* A column that a view reads. */
struct sql_guard_read {
	char *view, *table, *column;
};

struct sql_guard {
	sqlite3 *handle; /* borrowed */
	struct sql_guard_read read[SQL_GUARD_READS];
	size_t n_reads;
	struct buf views;    /* their names: "clocks, entries, ..." */
	struct buf tables;   /* names of all other tables, each closed by a zero byte */
	bool learning;	     /* the views themselves are being prepared: note what they read */
	int error;	     /* of learning: -ENOMEM, -E2BIG */
	char refusal[1024];  /* why the last statement was refused, "" if it was not */
	int64_t deadline_us; /* CLOCK_BOOTTIME */
};

/*
 * Puts @handle, a fresh read-only one (db_open_reader_handle), under guard; from here on it
 * prepares nothing else. Learns the views. -EIO, -ENOMEM, -E2BIG. On failure the handle is not to
 * be used.
 */
int sql_guard_init(struct sql_guard *g, sqlite3 *handle, int64_t deadline_us);
void sql_guard_done(struct sql_guard *g); /* before the handle is closed */

/* Why a statement was refused or failed, for people. */
struct sql_problem {
	char text[1024]; /* may list all views */
	int offset;	 /* byte of the SQL to blame, -1 unknown */
	bool expired;	 /* the deadline has passed */
	bool memory;	 /* more than the memory limit was needed */
};

/* Prepares the one statement in @sql. 0; -EPERM: not allowed; -EINVAL: SQLite does not understand
 * it; both with @ret_problem. */
int sql_guard_prepare(struct sql_guard *g, const char *sql, sqlite3_stmt **ret,
		      struct sql_problem *ret_problem);
/* Fills @ret_problem from the handle's last error, after a step that failed. */
void sql_guard_explain(struct sql_guard *g, struct sql_problem *ret_problem);

#endif
