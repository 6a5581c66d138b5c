/* SPDX-License-Identifier: MIT */
/* Every row of every table that follows from the entries, beside the one that was built again. */
#include <inttypes.h>
#include <stdio.h>

#include "db/db_internal.h"
#include "db/verify_tables.h"

/* A projection, read in the order of its key: its first columns, so many. */
struct table {
	const char *name;
	int keys;
	const char *rows;
	const char *whole; /* keys of all rows, where not all of them are compared; or NULL */
};

/* The statement is here, and in no file: it is one for all, in which table and key differ. */
#define ROWS(name, columns, which, key) "SELECT " columns " FROM " name which " ORDER BY " key
#define ALL(name, keys, key)                                                                       \
	{                                                                                          \
		name, keys, ROWS(name, "*", "", key), NULL                                         \
	}
#define SOME(name, which, keys, key)                                                               \
	{                                                                                          \
		name, keys, ROWS(name, "*", which, key), ROWS(name, key, " NOT INDEXED", key)      \
	}

/* Open runs are not in the chain yet. */
#define ENDED	      " WHERE state <> 0"
#define OF_ENDED_RUNS " WHERE (SELECT state FROM run WHERE id = measurement.run) IS NOT 0"

static const struct table tables[] = {
	/* the values were compared */
	{"personal", 2, ROWS("personal", "entry, field", "", "entry, field"), NULL},
	ALL("setting", 1, "name"),
	ALL("pen", 1, "id"),
	ALL("log", 1, "id"),
	ALL("epoch", 3, "log, boot, from_tick_us"),
	SOME("run", ENDED, 1, "id"),
	SOME("measurement", OF_ENDED_RUNS, 2, "run, quantity"),
	ALL("event", 1, "id"),
	ALL("loss", 1, "id"),
	ALL("finding", 1, "id"),
	ALL("mark", 1, "id"),
	ALL("practitioner", 1, "id"),
	ALL("licence", 2, "practitioner, from_day"),
	ALL("place", 1, "id"),
	ALL("client", 1, "id"),
	ALL("condition", 1, "id"),
	ALL("course", 1, "id"),
	ALL("session", 1, "id"),
	ALL("pause", 1, "id"),
	ALL("segment", 1, "id"),
	ALL("step", 1, "id"),
	ALL("assignment", 1, "id"),
	ALL("product", 1, "id"),
	ALL("code", 1, "code"),
	ALL("lot", 1, "id"),
	ALL("item_use", 1, "id"),
	ALL("hygiene", 1, "id"),
	ALL("consent", 1, "id"),
	ALL("patch_test", 1, "id"),
	ALL("reaction", 1, "id"),
	ALL("profile", 1, "id"),
	ALL("threshold", 4, "profile, rule, name, from_day"),
	ALL("profile_use", 1, "from_day"),
	ALL("acknowledgement", 1, "id"),
	ALL("session_total", 2, "session, pen"),
	ALL("counter_step", 1, "event"),
	ALL("about", 3, "noun, id, entry"),
};

bool verify_knows_table(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(tables); i++)
		if (streq(tables[i].name, name))
			return true;
	return false;
}

bool verify_same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type = sqlite3_column_type(a, column);
	double x, y;
	int len;

	if (type != sqlite3_column_type(b, column))
		return false;
	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
	if (type == SQLITE_FLOAT) { /* not as texts, which are rounded; and zero has a sign */
		x = sqlite3_column_double(a, column);
		y = sqlite3_column_double(b, column);
		return memcmp(&x, &y, sizeof(x)) == 0;
	}
	len = sqlite3_column_bytes(a, column);
	if (len != sqlite3_column_bytes(b, column))
		return false;
	return len == 0 || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column),
				  (size_t)len) == 0;
}

int verify_compare_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int64_t i = sqlite3_column_int64(a, column), k = sqlite3_column_int64(b, column);
	int m, n, r;

	if (sqlite3_column_type(a, column) == SQLITE_INTEGER)
		return i < k ? -1 : i > k;
	m = sqlite3_column_bytes(a, column);
	n = sqlite3_column_bytes(b, column);
	r = m == 0 || n == 0 ? 0
			     : memcmp(sqlite3_column_blob(a, column),
				      sqlite3_column_blob(b, column), (size_t)MIN(m, n));
	return r ? r : m - n;
}

static int compare_keys(const struct table *t, sqlite3_stmt *a, sqlite3_stmt *b)
{
	int r = 0;

	for (int i = 0; i < t->keys && r == 0; i++)
		r = verify_compare_value(a, b, i);
	return r;
}

/* The row's key, for people. */
static void row_name(const struct table *t, sqlite3_stmt *q, char *out, size_t size)
{
	const char *key = (const char *)sqlite3_column_text(q, 0);

	if (streq(t->name, "epoch"))
		snprintf(out, size, "the clock fit of log %s, boot %" PRId64, key ? key : "",
			 (int64_t)sqlite3_column_int64(q, 1));
	else if (streq(t->name, "about"))
		snprintf(out, size, "what is about %s %" PRId64 ", entry %" PRId64, key ? key : "",
			 (int64_t)sqlite3_column_int64(q, 1), (int64_t)sqlite3_column_int64(q, 2));
	else
		snprintf(out, size, "%s %s", t->name, key ? key : "");
}

static void value_name(sqlite3_stmt *q, int column, char out[48])
{
	const char *value = sqlite3_column_type(q, column) == SQLITE_BLOB
				    ? "(bytes)"
				    : (const char *)sqlite3_column_text(q, column);

	snprintf(out, 48, "%.40s", value ? value : "nothing");
}

static const char *type_name(sqlite3_stmt *q, int column)
{
	switch (sqlite3_column_type(q, column)) {
	case SQLITE_INTEGER:
		return " as an integer";
	case SQLITE_FLOAT:
		return " as a real number";
	case SQLITE_TEXT:
		return " as a text";
	default:
		return "";
	}
}

static int report_difference(struct verify *v, const struct table *t, sqlite3_stmt *have,
			     sqlite3_stmt *want, int column)
{
	const char *is_a = type_name(have, column), *should_a = type_name(want, column);
	char row[96], is[48], should[48];

	row_name(t, have, row, sizeof(row));
	value_name(have, column, is);
	value_name(want, column, should);
	if (!streq(is, should))
		is_a = should_a = ""; /* that it is another value says enough */
	return verify_fail(v, "In %s, %s is %s%s, but by its entries it is %s%s.", row,
			   sqlite3_column_name(have, column), is, is_a, should, should_a);
}

/* A personal value is where no entry erased it, and nowhere else. */
static int report_personal(struct verify *v, sqlite3_stmt *q, bool missing)
{
	return verify_fail(v, "Entry %" PRId64 ": its personal value \"%.40s\" %s.",
			   (int64_t)sqlite3_column_int64(q, 0), verify_text(q, 1),
			   missing ? "is missing, and no entry says that it was erased"
				   : "is there, though a later entry says that it was erased");
}

static int report_row(struct verify *v, const struct table *t, sqlite3_stmt *q, bool missing)
{
	char row[96];

	if (streq(t->name, "personal"))
		return report_personal(v, q, missing);
	row_name(t, q, row, sizeof(row));
	return verify_fail(v, "The row of %s %s.", row,
			   missing ? "is missing" : "follows from no entry");
}

/* Both in step, by their keys. */
static int compare_rows(struct verify *v, const struct table *t, sqlite3_stmt *have,
			sqlite3_stmt *want)
{
	for (;;) {
		int a = sqlite3_step(have), b = sqlite3_step(want), order;

		if (a != SQLITE_ROW && a != SQLITE_DONE)
			return verify_unable(v, &v->record, db_sqlite_error(v->record.handle, a));
		if (b != SQLITE_ROW && b != SQLITE_DONE)
			return verify_unable(v, &v->rebuilt, db_sqlite_error(v->rebuilt.handle, b));
		if (a == SQLITE_DONE && b == SQLITE_DONE)
			return 0;
		order = a == SQLITE_DONE ? 1 : b == SQLITE_DONE ? -1 : compare_keys(t, have, want);
		if (order > 0)
			return report_row(v, t, want, true);
		if (order < 0)
			return report_row(v, t, have, false);
		for (int i = 0; i < sqlite3_column_count(have); i++)
			if (!verify_same_value(have, want, i))
				return report_difference(v, t, have, want, i);
	}
}

static int begin_rows(struct verify *v, const struct stmts *of, const char *sql, sqlite3_stmt **ret)
{
	int r = sqlite3_prepare_v2(of->handle, sql, -1, ret, NULL);

	return r == SQLITE_OK ? 0 : verify_unable(v, of, db_sqlite_error(of->handle, r));
}

/*
 * Pages that lead to each other have rows without end. Where each is compared the second one is
 * found; where some are passed over, the keys of all of them must rise, or the end would never come.
 */
static int check_rise(struct verify *v, const struct table *t)
{
	sqlite3_stmt *q = NULL, *behind = NULL;
	int r, step = SQLITE_DONE;

	r = begin_rows(v, &v->record, t->whole, &q);
	if (r == 0)
		r = begin_rows(v, &v->record, t->whole, &behind);
	if (r == 0)
		step = sqlite3_step(q);
	while (r == 0 && step == SQLITE_ROW) {
		step = sqlite3_step(q);
		if (step == SQLITE_ROW && sqlite3_step(behind) == SQLITE_ROW &&
		    compare_keys(t, behind, q) >= 0)
			r = verify_fail(v, "The row of %s %s is there more than once.", t->name,
					verify_text(q, 0));
	}
	if (r == 0 && step != SQLITE_DONE)
		r = verify_unable(v, &v->record, db_sqlite_error(v->record.handle, step));
	sqlite3_finalize(q);
	sqlite3_finalize(behind);
	return r;
}

static int compare_table(struct verify *v, const struct table *t)
{
	sqlite3_stmt *have = NULL, *want = NULL;
	int r;

	r = t->whole ? check_rise(v, t) : 0;
	if (r == 0)
		r = begin_rows(v, &v->record, t->rows, &have);
	if (r == 0)
		r = begin_rows(v, &v->rebuilt, t->rows, &want);
	if (r == 0)
		r = compare_rows(v, t, have, want);
	sqlite3_finalize(have);
	sqlite3_finalize(want);
	return r;
}

int verify_tables(struct verify *v)
{
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(tables) && r == 0; i++) {
		if (v->progress)
			v->progress("projections", (int64_t)i, (int64_t)ELEMENTSOF(tables), v->ctx);
		r = compare_table(v, &tables[i]);
	}
	return r;
}
