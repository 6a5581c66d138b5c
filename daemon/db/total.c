/* SPDX-License-Identifier: MIT */
#include "db/query.h"
#include "db/total.h"

int total_follow(sqlite3 *handle)
{
	return sqlite3_exec(handle, db_temp_sql("total"), NULL, NULL, NULL);
}

/* 1: something is marked. */
static int is_marked(struct stmts *s)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first(s, retotal_any, &q);
	if (r > 0)
		stmt_end(q);
	return r;
}

int total_settle(struct stmts *s)
{
	int r = is_marked(s);

	if (r <= 0)
		return r;
	r = stmt_run(s, total_drop);
	if (r == 0)
		r = stmt_run(s, total_add);
	if (r == 0)
		r = stmt_run(s, retotal_clear);
	if (r == 0)
		r = stmt_run(s, count_drop);
	if (r == 0)
		r = stmt_run(s, count_add);
	return r == 0 ? stmt_run(s, count_clear) : r;
}

int total_catch_up(struct stmts *s)
{
	int r = is_marked(s), e;

	if (r <= 0)
		return r;
	r = stmt_exec(s, "BEGIN IMMEDIATE");
	if (r < 0)
		return r;
	r = total_settle(s);
	e = stmt_exec(s, r == 0 ? "COMMIT" : "ROLLBACK");
	return r < 0 ? r : e;
}
