/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "statement.h"

void statements_done(struct statements *s)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		sqlite3_finalize(s->slot[i].stmt);
		free(s->slot[i].sql);
		s->slot[i] = (struct statement){.sql = NULL};
	}
}

static const struct db_value *find_value(const struct db_query *query,
					 const struct db_value *values, const char *name,
					 size_t len)
{
	for (size_t i = 0; i < query->n_params; i++)
		if (strlen(query->params[i].name) == len &&
		    memcmp(query->params[i].name, name, len) == 0)
			return &values[i];
	assert(!"tools/embed-sql.awk lets no mark through that names no parameter");
	return NULL;
}

/* Where the mark of a line begins, or NULL. Other comments are not embedded, and no literal ends as
 * a mark does. */
static const char *find_mark(const char *line, const char *end)
{
	const char *p = end;

	while (p > line && !strchr("'\"\n", p[-1])) {
		p--;
		if (end - p > 6 && (memcmp(p, "-- if ", 6) == 0 ||
				    (end - p > 10 && memcmp(p, "-- unless ", 10) == 0)))
			return p;
	}
	return NULL;
}

/* One term of a mark: "name" or "name=value". */
static bool term_holds(const struct db_query *query, const struct db_value *values,
		       const char *term, size_t len)
{
	const char *equals = memchr(term, '=', len);
	const struct db_value *v =
		find_value(query, values, term, equals ? (size_t)(equals - term) : len);
	size_t value_len;

	if (!v->set || !equals)
		return v->set;
	value_len = len - (size_t)(equals + 1 - term);
	return strlen(v->text) == value_len && memcmp(v->text, equals + 1, value_len) == 0;
}

static bool mark_holds(const struct db_query *query, const struct db_value *values,
		       const char *mark, const char *end)
{
	bool unless = mark[3] == 'u', all = true;
	const char *term = mark + (unless ? 10 : 6);

	while (term < end) {
		const char *next = memmem(term, (size_t)(end - term), " and ", 5);
		const char *term_end = next ? next : end;

		all = all && term_holds(query, values, term, (size_t)(term_end - term));
		term = next ? next + 5 : end;
	}
	return all != unless;
}

void statement_text(struct buf *out, const struct db_query *query, const struct db_value *values)
{
	for (const char *line = query->sql; *line;) {
		const char *end = line + strcspn(line, "\n");
		const char *mark = find_mark(line, end);

		if (!mark)
			buf_add(out, line, (size_t)(end - line));
		else if (mark_holds(query, values, mark, end))
			buf_add(out, line, (size_t)(mark - line));
		buf_addc(out, '\n');
		line = end + (*end == '\n');
	}
}

/* A place for another statement: a free one, or that of the one unused for longest. */
static struct statement *make_place(struct statements *s)
{
	struct statement *oldest = &s->slot[0];

	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		if (!s->slot[i].sql)
			return &s->slot[i];
		if (s->slot[i].used < oldest->used)
			oldest = &s->slot[i];
	}
	sqlite3_finalize(oldest->stmt);
	free(oldest->sql);
	*oldest = (struct statement){.sql = NULL};
	return oldest;
}

static int bind_values(sqlite3_stmt *stmt, const struct db_query *query,
		       const struct db_value *values)
{
	int r = SQLITE_OK;

	for (size_t i = 0; i < query->n_params && r == SQLITE_OK; i++) {
		char name[64];
		int at;

		if (!values[i].set)
			continue; /* unbound is NULL */
		snprintf(name, sizeof(name), ":%s", query->params[i].name);
		at = sqlite3_bind_parameter_index(stmt, name);
		if (at == 0)
			continue; /* the lines that use it are not in this variant */
		switch (query->params[i].type) {
		case DB_INT:
		case DB_BOOL:
		case DB_TIME:
		case DB_REF: /* resolved before */
			r = sqlite3_bind_int64(stmt, at, values[i].i);
			break;
		case DB_REAL:
			r = sqlite3_bind_double(stmt, at, values[i].r);
			break;
		case DB_TEXT:
		case DB_DATE:
		case DB_EXPIRY:
		case DB_LIST:
		case DB_JSON:
			r = sqlite3_bind_text(stmt, at, values[i].text, -1, SQLITE_STATIC);
			break;
		}
	}
	return r;
}

int statements_get(struct statements *s, sqlite3 *handle, const struct db_query *query,
		   const struct db_value *values, sqlite3_stmt **ret)
{
	struct buf text = BUF_INIT(0);
	struct statement *place = NULL;
	int r;

	statement_text(&text, query, values);
	if (text.error) {
		buf_done(&text);
		return SQLITE_NOMEM;
	}
	for (size_t i = 0; i < STATEMENTS_MAX && !place; i++)
		if (s->slot[i].sql && streq(s->slot[i].sql, text.data))
			place = &s->slot[i];
	if (!place) {
		sqlite3_stmt *stmt;

		r = sqlite3_prepare_v3(handle, text.data, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
				       NULL);
		if (r != SQLITE_OK) {
			buf_done(&text);
			return r;
		}
		place = make_place(s);
		place->stmt = stmt;
		place->sql = buf_take(&text);
	}
	buf_done(&text);
	place->used = ++s->turn;
	r = bind_values(place->stmt, query, values);
	if (r != SQLITE_OK) {
		statement_release(place->stmt);
		return r;
	}
	*ret = place->stmt;
	return SQLITE_OK;
}

void statement_release(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}
