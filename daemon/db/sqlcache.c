/* SPDX-License-Identifier: MIT */
#include "sqlcache.h"

void sqlcache_done(struct sqlcache *c)
{
	for (size_t i = 0; i < SQLCACHE_MAX; i++)
		sqlite3_finalize(c->slot[i].stmt);
	*c = (struct sqlcache){.turn = 0};
}

void sqlcache_reset(struct sqlcache *c)
{
	for (size_t i = 0; i < SQLCACHE_MAX; i++)
		sqlite3_reset(c->slot[i].stmt); /* NULL is fine */
}

/* The place of @sql, or the one that another may have. */
static size_t find_place(const struct sqlcache *c, const char *sql)
{
	size_t oldest = 0;

	for (size_t i = 0; i < SQLCACHE_MAX; i++) {
		if (c->slot[i].sql == sql)
			return i;
		if (!c->slot[i].sql)
			return i; /* places fill up in order */
		if (c->slot[i].used < c->slot[oldest].used)
			oldest = i;
	}
	return oldest;
}

int sqlcache_get(struct sqlcache *c, sqlite3 *handle, const char *sql, sqlite3_stmt **ret,
		 const char **ret_rest)
{
	size_t i = find_place(c, sql);
	sqlite3_stmt *stmt;
	const char *rest;
	int r;

	if (c->slot[i].sql == sql) {
		sqlite3_reset(c->slot[i].stmt);
		sqlite3_clear_bindings(c->slot[i].stmt);
	} else {
		r = sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &rest);
		if (r != SQLITE_OK)
			return r;
		if (!stmt) {
			*ret = NULL;
			*ret_rest = rest;
			return SQLITE_OK;
		}
		sqlite3_finalize(c->slot[i].stmt);
		c->slot[i].sql = sql;
		c->slot[i].rest = rest;
		c->slot[i].stmt = stmt;
	}
	c->slot[i].used = ++c->turn;
	*ret = c->slot[i].stmt;
	*ret_rest = c->slot[i].rest;
	return SQLITE_OK;
}
