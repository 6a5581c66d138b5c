/* SPDX-License-Identifier: MIT */
/*
 * From a query and its values to a prepared statement: the variant of the SQL that the given
 * parameters choose (query.h, "Optional filters"), out of a small cache that belongs to one handle.
 */
#ifndef DB_STATEMENT_H
#define DB_STATEMENT_H

#include <sqlite3.h>

#include "query.h"

/* Of one handle: every variant that is in use, at about 5 KiB each. An audit of everything, one of a day and one of a
 * session have some 100. */
#define STATEMENTS_MAX 112

struct statement {
	char *sql; /* the variant; NULL: a free place */
	sqlite3_stmt *stmt;
	uint64_t used; /* the turn of its last use: the oldest gives way */
};

struct statements {
	struct statement slot[STATEMENTS_MAX];
	uint64_t turn;
};

/* Finalizes all of them; before the handle is closed. */
void statements_done(struct statements *s);

/*
 * The statement for @query with @values (an entry for each parameter), bound and ready to step.
 * Borrowed: the cache keeps it, @values must stay until statement_release(). An SQLite result code;
 * the message is the handle's.
 */
int statements_get(struct statements *s, sqlite3 *handle, const struct db_query *query,
		   const struct db_value *values, sqlite3_stmt **ret);
void statement_release(sqlite3_stmt *stmt);

/* Appends the variant of the query's SQL that @values choose. */
void statement_text(struct buf *out, const struct db_query *query, const struct db_value *values);

#endif
