/* SPDX-License-Identifier: MIT */
/* Which record is meant: from what people type to its number. */
#ifndef DB_RESOLVE_H
#define DB_RESOLVE_H

#include "db/change.h"
#include "db/sqlcache.h"

#define RESOLVE_CANDIDATES 16 /* named when several are meant */

/*
 * Sets @v->i, the number of the record of @noun that @v means: itself when it has no text, else what daemon/sql/resolve/<noun>.sql makes
 * of the text. -EBADR with @ret filled: there is none, or there are several. Other errors are SQLite's, with its message at the handle.
 */
int resolve_ref(struct sqlcache *cache, sqlite3 *handle, const struct db_param *param, const char *noun,
		struct db_value *v, struct db_refusal *ret);

#endif
