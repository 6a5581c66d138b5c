/* SPDX-License-Identifier: MIT */
/*
 * Whatever somebody changes in a value of a protected table, verification finds it and names the
 * entry or the row. The tables and columns are those of the schema: what is not protected is listed
 * by name, with the reason, and a new table or column that nothing protects fails.
 */
#include "db/verify_tables.h"
#include "tamper_schema.h"

static void the_record_holds(void **state)
{
	struct db_verify_report report = world_verify(&w);

	(void)state;
	assert_true(report.runs >= 5 && report.erased >= 3 && report.personal > 20);
	read_schema();
	for (size_t i = 0; i < ELEMENTSOF(working); i++)
		assert_true(find_table(working[i])->working);
}

/* What runs come to is no part of older records: a migration marks it, and it is there once the
 * database is open. */
static void what_a_migration_marks(void **state)
{
	(void)state;
	world_tamper(&w, "DELETE FROM session_total; DELETE FROM counter_step;"
			 "INSERT INTO retotal SELECT DISTINCT session FROM run WHERE session IS "
			 "NOT NULL AND state <> 0;"
			 "INSERT INTO recount SELECT id FROM event WHERE kind = 'counters'");
	world_reopen(&w);
	assert_true(count_of(&w, "session_total", "needle_us >= first_us") > 0);
	assert_true(count_of(&w, "counter_step", "moved > 0 AND held > 0") > 0);
	world_close(&w);
	world_verify(&w);
}

/* The row in the middle of those that have a value there, or have none. */
static int64_t middle(const struct table *t, const struct column *c, bool null)
{
	return world_int(&w,
			 "SELECT CASE WHEN count(*) = 0 THEN -1 ELSE count(*) / 2 END FROM \"%s\" "
			 "WHERE \"%s\" IS %s NULL%s",
			 t->name, c->name, null ? "" : "NOT",
			 streq(t->name, "run") ? " AND state <> 0" : "");
}

/* A table without a row, or a column without a value, would be tested by nothing or by half. */
static void everything_is_filled(void **state)
{
	/* Here NULL becomes a value and no value NULL: they are the clock's, or of records that
	 * were taken back. */
	static const char *const empty[] = {
		"epoch.rtc_error_us", "run.depth_set_um", "run.after_us",
		"run.before_us",      "assignment.run",	  "assignment.void",
		"consent.void",	      "patch_test.void",  "reaction.void",
	};

	(void)state;
	read_schema();
	for (size_t i = 0; i < n_tables; i++) {
		const struct table *t = &table[i];

		if (t->working)
			continue;
		if (count_of(&w, t->name, "true") == 0)
			fail_msg("table %s has no row: fill it above", t->name);
		for (size_t k = 0; k < t->n; k++)
			if (middle(t, &t->column[k], false) < 0) {
				char *name = sqlite3_mprintf("%s.%s", t->name, t->column[k].name);
				bool known = false;

				for (size_t m = 0; m < ELEMENTSOF(empty); m++)
					known |= streq(empty[m], name);
				if (!known)
					fail_msg("%s has no value: fill it above", name);
				sqlite3_free(name);
			}
	}
}

/* One value of the column becomes @way, an expression in which @ is the column. */
static void set_value(const struct table *t, const struct column *c, bool null, const char *way)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	_cleanup_(buf_done) struct buf to = BUF_INIT(0);
	_cleanup_(freep) char *sql = NULL;
	int64_t at = middle(t, c, null);

	if (at < 0)
		return;
	for (const char *at_char = way; *at_char; at_char++)
		if (*at_char == '@')
			buf_addf(&to, "\"%s\"", c->name);
		else
			buf_add(&to, at_char, 1);
	assert_true(
		asprintf(&sql,
			 "UPDATE \"%s\" SET \"%s\" = %s WHERE (%s) = (SELECT %s FROM \"%s\" WHERE"
			 " \"%s\" IS %s NULL%s ORDER BY %s LIMIT 1 OFFSET %lld)",
			 t->name, c->name, to.data, keys, keys, t->name, c->name, null ? "" : "NOT",
			 streq(t->name, "run") ? " AND state <> 0" : "", keys, (long long)at) > 0);
	assert_found(sql, t->name, or_name(t));
}

/* Each way of changing a value of its type, as little as can be and otherwise. */
static void change_column(const struct table *t, const struct column *c)
{
	static const char *const ints[] = {"@ + 1000", "@ | 1099511627776"};
	static const char *const texts[] = {"@ || 'x'", "@ || char(0)", "'x' || substr(@, 2)", "''",
					    "upper(@) || ' '"};
	static const char *const blobs[] = {
		"CAST(substr(@, 1, length(@) - 1) || iif(hex(substr(@, -1)) = '00', x'01', x'00') "
		"AS "
		"BLOB)",
		"CAST(iif(hex(substr(@, 1, 1)) = '00', x'01', x'00') || substr(@, 2) AS BLOB)",
		"CAST(@ || x'00' AS BLOB)", "zeroblob(length(@))"};
	const char *const *ways = column_is(c, "INTEGER") ? ints
				  : column_is(c, "BLOB")  ? blobs
							  : texts;
	size_t n = column_is(c, "INTEGER") ? ELEMENTSOF(ints)
		   : column_is(c, "BLOB")  ? ELEMENTSOF(blobs)
					   : ELEMENTSOF(texts);
	bool not_null =
		world_int(&w,
			  "SELECT \"notnull\" OR pk FROM pragma_table_info('%s') WHERE name = '%s'",
			  t->name, c->name) != 0;

	/* rows that are built again are all compared by the same code; of personal values only the
	 * keys are */
	if (verify_knows_table(t->name) && !streq(t->name, "personal"))
		n = 1;
	for (size_t i = 0; i < n; i++)
		set_value(t, c, false, ways[i]);
	if (column_is(c, "ANY"))
		set_value(t, c, false, "1.0000000000000002");
	if (not_null)
		return;
	set_value(t, c, false, "NULL");
	set_value(t, c, true,
		  column_is(c, "INTEGER") ? "1"
		  : column_is(c, "BLOB")  ? "x'00'"
					  : "'x'");
}

static void each_column_of_each_table(void **state)
{
	(void)state;
	read_schema();
	tamper_keep();
	for (size_t i = 0; i < n_tables; i++)
		for (size_t k = 0; k < table[i].n && !table[i].working; k++)
			if (!table[i].column[k].generated)
				change_column(&table[i], &table[i].column[k]);
	tamper_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_holds),
		cmocka_unit_test(what_a_migration_marks),
		cmocka_unit_test(everything_is_filled),
		cmocka_unit_test(each_column_of_each_table),
	};

	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
