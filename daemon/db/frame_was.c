/* SPDX-License-Identifier: MIT */
/* What a record holds before a change, and will not hold after it. */
#include <stdio.h>

#include "db/frame.h"

int frame_column(sqlite3_stmt *q, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(q); i++)
		if (streq(sqlite3_column_name(q, i), name))
			return i;
	return -1;
}

/* Whether the list parameter `clear` names it. */
static bool is_cleared(struct frame *f, const char *name)
{
	const struct frame_value *v = frame_find(f, "clear");
	char quoted[72];

	if (!frame_is_set(v) || v->kind != FRAME_TEXT)
		return false;
	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	return strstr(v->text, quoted) != NULL;
}

/* The column that @p is kept in: its own name, or that of the stored value with the unit. -1: none.
 */
static int column_of(sqlite3_stmt *q, const struct db_param *p)
{
	const char *suffix = p->personal ? "_entry" : p->type == DB_TIME ? "_us" : "";
	char name[80];

	snprintf(name, sizeof(name), "%s%s", p->name, suffix);
	return frame_column(q, name);
}

/* Whether the personal value that entry @seq holds is @text. 1, 0, or an error. */
static int same_personal(struct stmts *s, int64_t seq, const char *field, const char *text)
{
	const char *value;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(s, personal_get, &q, V_INT(seq), V_TEXT(field));
	if (r > 0) {
		value = (const char *)sqlite3_column_text(q, 0);
		r = value && streq(value, text);
		stmt_end(q);
	}
	return r;
}

/* Whether column @at holds what @v says: 1, 0, or an error. */
static int same_value(struct stmts *s, sqlite3_stmt *q, int at, const struct frame_value *v)
{
	const char *text;

	if (v->param->personal)
		return same_personal(s, sqlite3_column_int64(q, at), v->name, v->text);
	switch (v->kind) {
	case FRAME_INT:
		return sqlite3_column_int64(q, at) == v->i;
	case FRAME_REAL:
		return sqlite3_column_double(q, at) == v->r;
	case FRAME_TEXT:
		text = (const char *)sqlite3_column_text(q, at);
		return text && streq(text, v->text);
	case FRAME_NULL:
		break;
	}
	return 0;
}

int frame_is_same(struct frame *f, struct stmts *s, sqlite3_stmt *q, const char *noun)
{
	int r = 1;

	for (size_t i = 0; i < f->change->n_own && r > 0; i++) {
		const struct db_param *p = &f->change->decl.params[i];
		const struct frame_value *v = frame_find(f, p->name);
		int at = column_of(q, p);
		bool empty = at >= 0 && sqlite3_column_type(q, at) == SQLITE_NULL;

		if (streq(p->name, noun) || streq(p->name, "clear"))
			continue;
		if (is_cleared(f, p->name))
			r = empty && !frame_is_set(v);
		else if (frame_is_set(v))
			r = at >= 0 && !empty ? same_value(s, q, at, v) : 0;
	}
	return r;
}

/* A member of `was`, in the canonical form of what the column holds. */
static void write_old(struct buf *b, sqlite3_stmt *q, int at)
{
	char number[32];

	if (b->len == 0)
		json_open(b, '{');
	json_key(b, sqlite3_column_name(q, at));
	if (sqlite3_column_type(q, at) == SQLITE_INTEGER) {
		json_int(b, sqlite3_column_int64(q, at));
	} else if (sqlite3_column_type(q, at) == SQLITE_FLOAT) {
		snprintf(number, sizeof(number), "%.17g", sqlite3_column_double(q, at));
		json_text(b, number);
	} else {
		json_text(b, (const char *)sqlite3_column_text(q, at));
	}
}

struct old_column {
	const char *name;
	int at;
};

static int compare_columns(const void *a, const void *b)
{
	const struct old_column *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Of the record in @q, what is given another value, or none. */
int frame_was(struct frame *f, struct stmts *s, sqlite3_stmt *q, struct buf *ret)
{
	struct old_column old[DB_PARAMS_MAX];
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < f->change->n_own && r >= 0; i++) {
		const struct db_param *p = &f->change->decl.params[i];
		const struct frame_value *v = frame_find(f, p->name);
		int at = column_of(q, p);

		if (at < 0 || sqlite3_column_type(q, at) == SQLITE_NULL)
			continue;
		if (frame_is_set(v))
			r = same_value(s, q, at, v);
		else
			r = !is_cleared(f, p->name);
		if (r == 0)
			old[n++] = (struct old_column){sqlite3_column_name(q, at), at};
	}
	if (r < 0)
		return r;
	qsort(old, n, sizeof(old[0]), compare_columns);
	for (size_t i = 0; i < n; i++)
		write_old(ret, q, old[i].at);
	if (n > 0)
		json_close(ret, '}');
	return ret->error;
}
