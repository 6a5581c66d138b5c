/* SPDX-License-Identifier: MIT */
#include "db/total.h"

/* Open runs are not in the chain yet, and not in totals. A run that is read has its session in the
 * row before it has its end, hence both columns. */
#define MARK(row)                                                                                  \
	"INSERT INTO retotal SELECT " row ".session WHERE " row ".session IS NOT NULL AND " row    \
	".state <> 0"                                                                              \
	" AND NOT EXISTS (SELECT 1 FROM retotal WHERE session = " row ".session);"

int total_follow(sqlite3 *handle)
{
	static const char triggers[] =
		"CREATE TEMP TRIGGER total_insert AFTER INSERT ON main.run BEGIN " MARK(
			"NEW") " END;"
			       "CREATE TEMP TRIGGER total_update AFTER UPDATE ON main.run"
			       " WHEN OLD.state <> 0 OR NEW.state <> 0 BEGIN " MARK("OLD")
				       MARK("NEW") " END;"
						   "CREATE TEMP TRIGGER total_delete AFTER DELETE "
						   "ON main.run BEGIN " MARK("OLD") " END;";

	return sqlite3_exec(handle, triggers, NULL, NULL, NULL);
}

int total_settle(struct stmts *s)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, retotal_any, &q);
	if (r == 0)
		r = stmt_step(s, q);
	if (r <= 0)
		return r;
	stmt_end(q);
	r = stmt_run(s, total_drop);
	if (r == 0)
		r = stmt_run(s, total_add);
	return r == 0 ? stmt_run(s, retotal_clear) : r;
}
