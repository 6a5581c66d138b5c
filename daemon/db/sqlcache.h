/* SPDX-License-Identifier: MIT */
/*
 * Prepared statements of one handle whose texts are constants of this program: the sections of changes, what finds records. The few
 * in use stay prepared; the one unused for longest gives way.
 */
#ifndef DB_SQLCACHE_H
#define DB_SQLCACHE_H

#include <sqlite3.h>

#include "base/util.h"

#define SQLCACHE_MAX 64 /* at about 5 KiB each; the changes of a busy day have some 40 statements */

struct sqlcache {
	struct {
		const char *sql, *rest; /* where its text begins and ends; sql NULL: a free place */
		sqlite3_stmt *stmt;
		uint64_t used;
	} slot[SQLCACHE_MAX];
	uint64_t turn;
};

/* Finalizes all; before the handle is closed. */
void sqlcache_done(struct sqlcache *c);
/* Ends whatever is still being stepped. */
void sqlcache_reset(struct sqlcache *c);

/*
 * The first statement of @sql, which must stay where it is as long as the cache; *ret_rest is what follows it. Reset, without bindings;
 * borrowed, valid until the next call but SQLCACHE_MAX. *ret is NULL when there is no further statement. An SQLite result code.
 */
int sqlcache_get(struct sqlcache *c, sqlite3 *handle, const char *sql, sqlite3_stmt **ret, const char **ret_rest);

#endif
