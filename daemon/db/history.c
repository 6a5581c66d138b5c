/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "db/change.h"
#include "db/history.h"
#include "db/stmt.h"

#define FIELDS_MAX 96 /* members of one payload that are told; a change has fewer */

/* One member of a payload, or of its `was`. */
struct member {
	char name[64];
	bool personal, text;
	int64_t i;
	char *value; /* TEXT: owned */
};

struct members {
	struct member at[FIELDS_MAX];
	size_t n;
};

static void members_done(struct members *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->at[i].value);
	m->n = 0;
}

/* Rows of name, type, value. An SQLite result code. */
static int members_read(sqlite3 *handle, const char *sql, const char *payload, struct members *ret)
{
	sqlite3_stmt *q;
	int r;

	r = sqlite3_prepare_v2(handle, sql, -1, &q, NULL);
	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_text(q, 1, payload, -1, SQLITE_STATIC);
	while ((r = sqlite3_step(q)) == SQLITE_ROW && ret->n < FIELDS_MAX) {
		struct member *m = &ret->at[ret->n++];
		const char *name = (const char *)sqlite3_column_text(q, 0),
			   *type = (const char *)sqlite3_column_text(q, 1),
			   *value = (const char *)sqlite3_column_text(q, 2);

		*m = (struct member){.text = sqlite3_column_type(q, 2) == SQLITE_TEXT};
		snprintf(m->name, sizeof(m->name), "%s", name ? name : "");
		m->personal = type && streq(type, "personal");
		m->i = sqlite3_column_int64(q, 2);
		m->value = m->text && value ? strdup(value) : NULL;
	}
	sqlite3_finalize(q);
	return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static const struct member *find(const struct members *m, const char *name, const char *suffix)
{
	char whole[80];

	snprintf(whole, sizeof(whole), "%s%s", name, suffix);
	for (size_t i = 0; i < m->n; i++)
		if (streq(m->at[i].name, whole))
			return &m->at[i];
	return NULL;
}

static const struct db_param *find_param(const struct db_change *c, const char *name)
{
	for (size_t i = 0; i < c->decl.n_params; i++)
		if (streq(c->decl.params[i].name, name))
			return &c->decl.params[i];
	return NULL;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && streq(name + n - k, suffix);
}

static bool is_column(sqlite3 *handle, const char *noun, const char *name)
{
	const struct db_noun *n = db_noun_find(noun);

	return n && sqlite3_table_column_metadata(handle, NULL, n->table, name, NULL, NULL, NULL,
						  NULL, NULL) == SQLITE_OK;
}

/* ---- writing ---- */

/* A value as answers have it. @p NULL: of a let, whose name tells times. */
static void write_value(struct buf *b, const struct member *m, const struct db_param *p)
{
	if (!m->text && (p ? p->type == DB_TIME : ends_in(m->name, "_us")))
		json_time(b, m->i);
	else if (!m->text && p && p->type == DB_BOOL)
		json_bool(b, m->i != 0);
	else if (!m->text)
		json_int(b, m->i);
	else if (p && (p->type == DB_LIST || p->type == DB_JSON) && m->value)
		json_raw(b, m->value, strlen(m->value));
	else if (p && p->type == DB_REAL && m->value)
		json_decimal(b, strtod(m->value, NULL), -1);
	else
		json_text(b, m->value);
}

/* The personal value of @field that entry @seq holds; false: it is gone. */
static bool write_personal(struct buf *b, sqlite3 *handle, int64_t seq, const char *field)
{
	sqlite3_stmt *q;
	bool found = false;

	if (sqlite3_prepare_v2(handle, stmt_sql(personal_get), -1, &q, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(q, 1, seq);
		sqlite3_bind_text(q, 2, field, -1, SQLITE_STATIC);
		found = sqlite3_step(q) == SQLITE_ROW;
		if (found)
			json_text(b, (const char *)sqlite3_column_text(q, 0));
	}
	sqlite3_finalize(q);
	if (!found)
		json_nil(b);
	return found;
}

struct writer {
	struct buf *b;
	sqlite3 *handle;
	const struct db_change *change;
	int64_t seq;
};

/* @now or @was may be NULL, not both. */
static void write_field(struct writer *w, const char *name, const struct member *was,
			const struct member *now)
{
	const struct db_param *p = find_param(w->change, name);
	bool personal = p && p->personal, whole = true;

	json_open(w->b, '{');
	json_key(w->b, "field"); /* of a let: a column, whose unit is told by the value */
	json_textn(w->b, name, strlen(name) - (!p && ends_in(name, "_us") ? strlen("_us") : 0));
	json_key(w->b, "was");
	if (!was)
		json_nil(w->b);
	else if (personal)
		whole = write_personal(w->b, w->handle, was->i, name);
	else
		write_value(w->b, was, p);
	json_key(w->b, "now");
	if (!now)
		json_nil(w->b);
	else if (now->personal)
		whole &= write_personal(w->b, w->handle, w->seq, name);
	else
		write_value(w->b, now, p);
	if (!whole)
		json_kv_bool(w->b, "erased", true);
	json_close(w->b, '}');
}

static const struct member *old_of(const struct members *was, const char *name)
{
	const struct member *m = find(was, name, "");

	if (!m)
		m = find(was, name, "_us");
	return m ? m : find(was, name, "_entry");
}

/* What a column of `was` is called as a parameter. */
static void param_name(const struct db_change *c, const char *column, char out[64])
{
	static const char *const suffixes[] = {"_us", "_entry"};

	snprintf(out, 64, "%s", column);
	for (size_t i = 0; i < ELEMENTSOF(suffixes) && !find_param(c, out); i++)
		if (ends_in(column, suffixes[i]))
			snprintf(out, 64, "%.*s", (int)(strlen(column) - strlen(suffixes[i])),
				 column);
}

/* Whether a member says something about the record. */
static bool is_told(struct writer *w, const struct member *m)
{
	static const char *const others[] = {"amend", "clear", "on_behalf_of", "reason"};

	for (size_t i = 0; i < ELEMENTSOF(others); i++)
		if (streq(m->name, others[i]))
			return false;
	if (streq(m->name, w->change->noun))
		return false;
	/* a day follows from the start that is told beside it, and is written with every change */
	if (streq(m->name, "day") && !find_param(w->change, m->name))
		return false;
	return find_param(w->change, m->name) || is_column(w->handle, w->change->noun, m->name);
}

static void write_fields(struct writer *w, struct members *now, struct members *was)
{
	char name[64];

	qsort(now->at, now->n, sizeof(now->at[0]), compare_members);
	json_open(w->b, '[');
	for (size_t i = 0; i < now->n; i++)
		if (is_told(w, &now->at[i]))
			write_field(w, now->at[i].name, old_of(was, now->at[i].name), &now->at[i]);
	for (size_t i = 0; i < was->n; i++) { /* taken back to nothing */
		param_name(w->change, was->at[i].name, name);
		if (!find(now, name, ""))
			write_field(w, name, &was->at[i], NULL);
	}
	json_close(w->b, ']');
}

static void history_fields(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *action = (const char *)sqlite3_value_text(argv[1]),
		   *payload = (const char *)sqlite3_value_text(argv[2]);
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_LINE_BYTES);
	struct members now = {.n = 0}, was = {.n = 0};
	struct writer w = {.b = &b,
			   .handle = sqlite3_context_db_handle(ctx),
			   .seq = sqlite3_value_int64(argv[0])};
	int r;

	assert(argc == 3);
	w.change = action ? db_change_find(action) : NULL;
	if (!w.change || !payload)
		return;
	r = members_read(w.handle, stmt_sql(payload_members), payload, &now);
	if (r == SQLITE_OK)
		r = members_read(w.handle, stmt_sql(payload_was), payload, &was);
	if (r == SQLITE_OK) {
		write_fields(&w, &now, &was);
		r = b.error ? SQLITE_TOOBIG : SQLITE_OK;
	}
	members_done(&now);
	members_done(&was);
	if (r != SQLITE_OK)
		sqlite3_result_error_code(ctx, r);
	else
		sqlite3_result_text(ctx, b.data, (int)b.len, SQLITE_TRANSIENT);
}

int history_functions_add(sqlite3 *handle)
{
	/* It reads `personal`: never out of a view, and not for sql.query. */
	return sqlite3_create_function_v2(handle, "history_fields", 3,
					  SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, history_fields,
					  NULL, NULL, NULL);
}
