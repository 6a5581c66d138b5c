/* SPDX-License-Identifier: MIT */
/* Rows of each table are taken out, put in or swapped, and verification finds it. */
#include "tamper_schema.h"

static const char *only(const struct table *t)
{
	return streq(t->name, "run") ? "WHERE state <> 0" : "WHERE true";
}

static void assert_found_row(const struct table *t, const char *format, ...) _printf_(2, 3);
static void assert_found_row(const struct table *t, const char *format, ...)
{
	va_list ap;
	char *sql;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	assert_found(sql, t->name, or_name(t));
	sqlite3_free(sql);
}

/* The first, the middle and the last row of each table are taken out. */
static void delete_rows(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	int64_t n = world_int(&w, "SELECT count(*) FROM \"%s\" %s", t->name, only(t));

	for (int i = 0; i < (n < 3 ? (int)n : 3); i++)
		assert_found_row(t,
				 "DELETE FROM \"%s\" WHERE (%s) = (SELECT %s FROM \"%s\" %s ORDER "
				 "BY %s LIMIT 1 OFFSET %lld)",
				 t->name, keys, keys, t->name, only(t), keys,
				 (long long)(i == 0   ? 0
					     : i == 1 ? n - 1
						      : n / 2));
}

/* A copy of a row, under another key and with other values where they must differ. */
static void insert_row(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	_cleanup_(buf_done) struct buf into = BUF_INIT(0);
	_cleanup_(buf_done) struct buf values = BUF_INIT(0);

	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->column[i];
		const char *comma = into.len ? ", " : "";

		if (c->generated)
			continue;
		buf_addf(&into, "%s\"%s\"", comma, c->name);
		if (!c->key && !c->unique)
			buf_addf(&values, "%s\"%s\"", comma, c->name);
		else if (column_is(c, "TEXT"))
			buf_addf(&values, "%s\"%s\" || 'x'", comma, c->name);
		else
			buf_addf(&values, "%s\"%s\" + 1 + (SELECT max(\"%s\") FROM \"%s\")", comma,
				 c->name, c->name, t->name);
	}
	assert_found_row(t, "INSERT INTO \"%s\" (%s) SELECT %s FROM \"%s\" %s ORDER BY %s LIMIT 1",
			 t->name, into.data, values.data, t->name, only(t), keys);
}

/* Two rows that differ change their places. */
static void swap_rows(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, ""), *of_a = columns(t, true, "a."),
			      *rest = columns(t, false, ""), *of_b = columns(t, false, "b.");

	if (world_int(&w, "SELECT count(*) FROM (SELECT DISTINCT %s FROM \"%s\" %s)", rest, t->name,
		      only(t)) < 2)
		return;
	assert_found_row(t,
			 "CREATE TEMP TABLE two AS SELECT * FROM \"%s\" %s ORDER BY %s LIMIT 1;"
			 "INSERT INTO two SELECT * FROM \"%s\" %s AND (%s) IS NOT (SELECT %s FROM "
			 "two) ORDER BY "
			 "%s LIMIT 1;"
			 "DELETE FROM \"%s\" WHERE (%s) IN (SELECT %s FROM two);"
			 "INSERT INTO \"%s\" (%s, %s) SELECT %s, %s FROM two a JOIN two b ON "
			 "a.rowid <> b.rowid",
			 t->name, only(t), keys, t->name, only(t), rest, rest, keys, t->name, keys,
			 keys, t->name, keys, rest, of_a, of_b);
}

static void each_row_of_each_table(void **state)
{
	(void)state;
	read_schema();
	tamper_keep();
	for (size_t i = 0; i < n_tables; i++) {
		if (table[i].working)
			continue;
		delete_rows(&table[i]);
		insert_row(&table[i]);
		swap_rows(&table[i]);
	}
	tamper_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_each_table),
	};

	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
