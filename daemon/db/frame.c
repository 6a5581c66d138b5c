/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "db/db_internal.h"
#include "db/frame.h"

void frame_init(struct frame *f, const struct db_change *change, int64_t entry, int64_t at_us,
		const char *actor)
{
	*f = (struct frame){.change = change, .entry = entry, .at_us = at_us, .actor = actor};
}

void frame_done(struct frame *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->value[i].name);
		free(f->value[i].text);
	}
	f->n = 0;
}

struct frame_value *frame_find(struct frame *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (streq(f->value[i].name, name))
			return &f->value[i];
	return NULL;
}

static int frame_add(struct frame *f, const char *name, struct frame_value **ret)
{
	struct frame_value *v = &f->value[f->n];

	if (f->n == FRAME_MAX)
		return -EINVAL;
	*v = (struct frame_value){.kind = FRAME_NULL, .name = strdup(name)};
	if (!v->name)
		return -ENOMEM;
	f->n++;
	*ret = v;
	return 0;
}

static int set_text(struct frame_value *v, const char *text)
{
	v->text = strdup(text);
	v->kind = FRAME_TEXT;
	return v->text ? 0 : -ENOMEM;
}

int frame_add_param(struct frame *f, const struct db_param *p, const struct db_value *value)
{
	struct frame_value *v;
	int r;

	r = frame_add(f, p->name, &v);
	if (r < 0)
		return r;
	v->param = p;
	if (!value->set)
		return 0;
	switch (p->type) {
	case DB_INT:
	case DB_BOOL:
	case DB_TIME:
	case DB_REF:
		v->kind = FRAME_INT;
		v->i = value->i;
		return 0;
	case DB_REAL:
		v->kind = FRAME_REAL;
		v->r = value->r;
		return 0;
	case DB_TEXT:
	case DB_DATE:
	case DB_EXPIRY:
	case DB_LIST:
	case DB_JSON:
		return set_text(v, value->text);
	}
	return -EINVAL;
}

int frame_add_row(struct frame *f, sqlite3_stmt *q)
{
	for (int i = 0; i < sqlite3_column_count(q); i++) {
		const char *name = sqlite3_column_name(q, i);
		struct frame_value *v;
		int r;

		if (!name)
			return -ENOMEM;
		if (frame_find(f, name))
			return -EINVAL;
		r = frame_add(f, name, &v);
		if (r < 0)
			return r;
		switch (sqlite3_column_type(q, i)) {
		case SQLITE_NULL:
			break;
		case SQLITE_INTEGER:
			v->kind = FRAME_INT;
			v->i = sqlite3_column_int64(q, i);
			break;
		case SQLITE_TEXT:
			r = set_text(v, (const char *)sqlite3_column_text(q, i));
			break;
		default:
			r = -EINVAL;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct db_param *find_param(const struct db_change *c, const char *name)
{
	for (size_t i = 0; i < c->decl.n_params; i++)
		if (streq(c->decl.params[i].name, name))
			return &c->decl.params[i];
	return NULL;
}

/* One member of a payload: @q stands on its name, type and value. */
static int load_member(struct frame *f, sqlite3_stmt *q)
{
	const char *name = (const char *)sqlite3_column_text(q, 0);
	const char *type = (const char *)sqlite3_column_text(q, 1), *text;
	struct frame_value *v;
	int r;

	if (!name || !type)
		return -ENOMEM;
	r = frame_add(f, name, &v);
	if (r < 0)
		return r;
	v->param = find_param(f->change, name);
	if (streq(type, "personal") || streq(type, "integer")) {
		v->kind = FRAME_INT;
		v->i = streq(type, "personal") ? f->entry : sqlite3_column_int64(q, 2);
		return 0;
	}
	text = (const char *)sqlite3_column_text(q, 2);
	if (!text)
		return -EINVAL;
	if (v->param && v->param->type == DB_REAL) {
		v->kind = FRAME_REAL;
		v->r = strtod(text, NULL);
		return 0;
	}
	return set_text(v, text);
}

int frame_load(struct frame *f, struct stmts *s, const char *payload)
{
	sqlite3_stmt *q;
	int r;

	f->stored = true;
	r = stmt_begin(s, payload_members, &q, V_TEXT(payload));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		r = load_member(f, q);
		if (r < 0)
			stmt_end(q);
	}
	return r;
}

/* ---- binding ---- */

static int bind_value(struct frame *f, sqlite3_stmt *q, int at, const char *name)
{
	const struct frame_value *v;

	if (streq(name, "entry"))
		return sqlite3_bind_int64(q, at, f->entry);
	if (streq(name, "at_us"))
		return sqlite3_bind_int64(q, at, f->at_us);
	if (streq(name, "actor"))
		return sqlite3_bind_text(q, at, f->actor, -1, SQLITE_STATIC);
	v = frame_find(f, name);
	if (!v)
		return SQLITE_OK;
	switch (v->kind) {
	case FRAME_NULL:
		break;
	case FRAME_INT:
		return sqlite3_bind_int64(q, at, v->i);
	case FRAME_REAL:
		return sqlite3_bind_double(q, at, v->r);
	case FRAME_TEXT:
		return sqlite3_bind_text(q, at, v->text, -1, SQLITE_STATIC);
	}
	return SQLITE_OK;
}

int frame_bind(struct frame *f, sqlite3_stmt *q)
{
	int r = SQLITE_OK;

	for (int i = 1; i <= sqlite3_bind_parameter_count(q) && r == SQLITE_OK; i++) {
		const char *name = sqlite3_bind_parameter_name(q, i);

		if (name)
			r = bind_value(f, q, i, name + 1);
	}
	return r;
}

/* ---- the payload ---- */

static bool is_personal(const struct frame_value *v)
{
	return v->param && v->param->personal;
}

/* Whether the payload holds the value of @v in the open (not: nothing, or personal). */
static bool is_open(const struct frame_value *v)
{
	return v->kind != FRAME_NULL && !is_personal(v) && !streq(v->name, "amend");
}

static void write_value(struct buf *b, const struct frame_value *v)
{
	char number[32];

	switch (v->kind) {
	case FRAME_NULL:
		json_nil(b);
		return;
	case FRAME_INT:
		json_int(b, v->i);
		return;
	case FRAME_REAL: /* canonical JSON has integers only */
		snprintf(number, sizeof(number), "%.17g", v->r);
		json_text(b, number);
		return;
	case FRAME_TEXT:
		if (v->param && (v->param->type == DB_LIST || v->param->type == DB_JSON))
			json_raw(b, v->text, strlen(v->text));
		else
			json_text(b, v->text);
		return;
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct frame_value *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Values in the order of their names. */
static size_t sort_values(struct frame *f, struct frame_value *out[FRAME_MAX])
{
	for (size_t i = 0; i < f->n; i++)
		out[i] = &f->value[i];
	qsort(out, f->n, sizeof(out[0]), compare_names);
	return f->n;
}

static void write_personal(struct buf *b, struct frame_value *const sorted[], size_t n)
{
	uint8_t commitment[CHAIN_HASH_SIZE];
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct frame_value *v = sorted[i];

		if (v->kind == FRAME_NULL || !is_personal(v))
			continue;
		if (!any) {
			json_key(b, "personal");
			json_open(b, '{');
		}
		any = true;
		chain_random(v->salt, sizeof(v->salt));
		chain_commit(v->salt, v->name, v->text, commitment);
		json_key(b, v->name);
		json_hex(b, commitment, sizeof(commitment));
	}
	if (any)
		json_close(b, '}');
}

/* The members that are no values, each in its place among the names. */
static const char *const others[] = {"amend", "personal", "uid", "was"};

int frame_write(struct frame *f, struct buf *b, uint32_t uid, const char *was, bool amend)
{
	struct frame_value *sorted[FRAME_MAX];
	size_t n = sort_values(f, sorted), i = 0, o = 0;

	while (i < n || o < ELEMENTSOF(others)) {
		bool other = o < ELEMENTSOF(others) &&
			     (i == n || strcmp(others[o], sorted[i]->name) <= 0);

		if (!other) {
			if (is_open(sorted[i])) {
				json_key(b, sorted[i]->name);
				write_value(b, sorted[i]);
			}
			i++;
			continue;
		}
		if (streq(others[o], "amend") && amend)
			json_kv_int(b, "amend", 1);
		else if (streq(others[o], "personal"))
			write_personal(b, sorted, n);
		else if (streq(others[o], "uid"))
			json_kv_int(b, "uid", uid);
		else if (streq(others[o], "was") && was)
			json_key(b, "was"), json_raw(b, was, strlen(was));
		o++;
	}
	return b->error;
}
