/* SPDX-License-Identifier: MIT */
/* What verifications found, remembered beside the record. */
#include <stdio.h>

#include "db/store.h"

int verified_apply(struct store *s, const struct db_verified *v)
{
	int r = stmt_run(&s->stmts, verified_put, V_INT(v->at_us), V_INT(v->entry),
			 V_TEXT(v->problem[0] ? v->problem : NULL));

	if (r == 0)
		s->verified = *v;
	return r;
}

int verified_load(struct store *s)
{
	struct db_verified v = {0};
	const char *problem;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin_values(&s->stmts, STMT_verified_get, &q, NULL, 0);
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	v.at_us = sqlite3_column_int64(q, 0);
	v.entry = sqlite3_column_int64(q, 1);
	problem = (const char *)sqlite3_column_text(q, 2);
	snprintf(v.problem, sizeof(v.problem), "%s", problem ? problem : "");
	stmt_end(q);
	s->verified = v;
	return 0;
}
