/* SPDX-License-Identifier: MIT */
/*
 * What is changed beside the values of rows: personal values, the chain and its kept heads, the
 * schema, rows that no entry tells of. Verification finds it and says where.
 */
#include "tamper_world.h"

/* Values may lack only where an entry says that they were erased, and lack there they must. */
static void each_personal_value(void **state)
{
	int64_t n = count_of(&w, "personal", "true");
	int64_t number =
		world_int(&w, "SELECT number_entry FROM client WHERE erased_us IS NOT NULL");
	char sql[300], names[64];

	(void)state;
	tamper_keep();
	for (int64_t i = 0; i < n; i++) {
		int64_t entry = world_int(&w, "SELECT entry FROM personal LIMIT 1 OFFSET %lld",
					  (long long)i);

		snprintf(sql, sizeof(sql),
			 "DELETE FROM personal WHERE (entry, field) = (SELECT entry, field FROM "
			 "personal LIMIT 1 OFFSET %lld)",
			 (long long)i);
		snprintf(names, sizeof(names), "Entry %" PRId64 ": its personal value", entry);
		assert_found(sql, names, NULL);
	}
	assert_found("DELETE FROM personal", "is missing, and no entry says that it was erased",
		     NULL);
	/* what was erased comes back, out of an older copy or thin air */
	snprintf(sql, sizeof(sql),
		 "INSERT INTO personal VALUES (%lld, 'number', zeroblob(32), '1003')",
		 (long long)number);
	snprintf(names, sizeof(names), "Entry %" PRId64 ": its personal value", number);
	assert_found(sql, names, NULL);
	tamper_done();
}

/* From the end of the chain, the middle, and all of it; with and without what follows from it. */
static void each_end_of_the_chain(void **state)
{
	int64_t last = world_int(&w, "SELECT max(seq) FROM entry");
	char sql[400], names[64];

	(void)state;
	tamper_keep();
	for (int64_t from = last; from > 0; from -= last / 4) {
		snprintf(sql, sizeof(sql), "DELETE FROM entry WHERE seq >= %" PRId64, from);
		snprintf(names, sizeof(names), "entry %" PRId64 " is missing", from);
		assert_found(sql, names, NULL);
		/* the head says what is there now; without the key nobody can sign it */
		snprintf(sql, sizeof(sql),
			 "DELETE FROM entry WHERE seq >= %" PRId64 "; DELETE FROM personal WHERE "
			 "entry >= %" PRId64
			 "; UPDATE head SET (seq, hash) = (SELECT seq, hash FROM "
			 "entry ORDER BY seq DESC LIMIT 1)",
			 from, from);
		if (from > 1)
			assert_found(sql, "the signature of its head", NULL);
	}
	/* a head that was kept is no newest one */
	assert_found(
		"DELETE FROM entry WHERE seq > (SELECT max(seq) FROM kept_head); DELETE FROM "
		"personal WHERE entry > (SELECT max(seq) FROM kept_head); UPDATE head SET (seq, "
		"hash, at_us, signature) = (SELECT seq, hash, at_us, signature FROM kept_head "
		"ORDER BY seq DESC LIMIT 1)",
		"the signature of its head", NULL);
	for (int64_t at = 1; at < last; at += last / 5) {
		snprintf(sql, sizeof(sql), "DELETE FROM entry WHERE seq = %" PRId64, at);
		snprintf(names, sizeof(names), "Entry %" PRId64 " ", at);
		assert_found(sql, names, NULL);
		snprintf(sql, sizeof(sql),
			 "UPDATE entry SET at_us = at_us + 1 WHERE seq >= %" PRId64, at);
		assert_found(sql, names, NULL);
		/* two neighbours change their places */
		snprintf(sql, sizeof(sql),
			 "UPDATE entry SET seq = -seq WHERE seq IN (%" PRId64 ", %" PRId64
			 "); UPDATE entry SET seq = %" PRId64 " + seq WHERE seq < 0",
			 at, at + 1, 2 * at + 1);
		assert_found(sql, names, NULL);
	}
	tamper_done();
}

/* Of each kept head but the newest an entry tells, and the last such entry is that of the newest. */
static void each_kept_head(void **state)
{
	static const char *const ways[] = {
		"DELETE FROM kept_head",
		"DELETE FROM kept_head WHERE entry IS NULL",
		"DELETE FROM kept_head WHERE entry IS NOT NULL",
		"UPDATE kept_head SET entry = NULL",
		"UPDATE kept_head SET entry = (SELECT max(seq) FROM entry WHERE action = "
		"'head.keep')",
		"DELETE FROM kept_head WHERE seq = (SELECT min(seq) FROM kept_head); UPDATE "
		"kept_head SET entry = NULL WHERE seq = (SELECT min(seq) FROM kept_head)",
	};
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;

	(void)state;
	assert_int_equal(count_of(&w, "kept_head", "entry IS NOT NULL"), 2);
	assert_int_equal(count_of(&w, "kept_head", "entry IS NULL"), 1);
	tamper_keep();
	for (size_t i = 0; i < ELEMENTSOF(ways); i++)
		assert_found(ways[i], "kept_head of entry", NULL);
	/* another one that is kept later does not stand for it */
	world_tamper(&w, "DELETE FROM kept_head WHERE entry IS NULL");
	world_reopen(&w);
	FULL_DO("place.add", "name", "Chair 9", "kind", "chair");
	change_done();
	world_close(&w);
	assert_int_equal(count_of(&w, "kept_head", "entry IS NULL"), 1);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	assert_non_null(strstr(report.problem, "kept_head of entry"));
	tamper_put_back();
	tamper_done();
}

/* What is read by views is the record only as long as they are the program's. */
static void tables_and_views(void **state)
{
	(void)state;
	tamper_keep();
	assert_found("DROP VIEW pens", "\"pens\"", NULL);
	assert_found(
		"PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, 'FROM "
		"client c', 'FROM (SELECT * FROM client WHERE id <> 2) c') WHERE name = 'clients'",
		"\"clients\"", NULL);
	assert_found("CREATE TRIGGER gone AFTER INSERT ON event BEGIN DELETE FROM loss; END",
		     "\"gone\"", NULL);
	assert_found("DROP INDEX run_open", "\"run_open\"", NULL);
	/* by names that are SQLite's own, which only who writes to the schema can give */
	assert_found("PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES ('trigger', "
		     "'sqlite_gone', 'event', 0, 'CREATE TRIGGER sqlite_gone AFTER INSERT ON event "
		     "BEGIN DELETE FROM loss; END')",
		     "\"sqlite_gone\"", NULL);
	assert_found("ANALYZE", "\"sqlite_stat1\"", NULL);
	assert_found("CREATE TABLE more (x)", "\"more\"", NULL);
	/* an index that is not told of a change, and the change taken back */
	assert_found(
		"PRAGMA writable_schema=ON; CREATE TEMP TABLE kept AS SELECT * FROM "
		"sqlite_schema WHERE name = 'session_client'; UPDATE session SET client = 2 "
		"WHERE id = 1; DELETE FROM sqlite_schema WHERE name = 'session_client'; PRAGMA "
		"writable_schema=RESET; UPDATE session SET client = 1 WHERE id = 1; PRAGMA "
		"writable_schema=ON; INSERT INTO sqlite_schema SELECT * FROM temp.kept",
		"session_client", NULL);
	/* what a pen has not sent yet would be passed over */
	assert_found("UPDATE cursor SET next_seq = next_seq + 1000 WHERE log = 1",
		     "cursor of log 1", NULL);
	tamper_done();
}

/* A run that is open has no entry: one that was put in, as @what changes a copy of one that has. */
static void put_open_run(const char *what, const char *names)
{
	char sql[500];

	snprintf(sql, sizeof(sql),
		 "CREATE TEMP TABLE more AS SELECT * FROM run WHERE id = 5; UPDATE more SET id = "
		 "50, "
		 "state = 0, entry = NULL, attribution_entry = NULL, block = NULL, blocks = 0, "
		 "cycles "
		 "= 0, %s; INSERT INTO run SELECT * FROM more",
		 what);
	assert_found(sql, names, NULL);
}

/* Rows that no entry tells of, and what a row of an entry's has beside that. */
static void what_no_entry_tells(void **state)
{
	(void)state;
	tamper_keep();
	assert_found("INSERT INTO block SELECT 0, first, data FROM block WHERE id = 1", "cycles 0 ",
		     NULL);
	assert_found("INSERT INTO block SELECT -1, first, data FROM block WHERE id = 1",
		     "cycles -1 ", NULL);
	assert_int_equal(count_of(&w, "run", "blocks = 0"), 1);
	assert_found("UPDATE run SET block = 1 WHERE blocks = 0", "that are none", NULL);
	assert_found("UPDATE run SET blocks = -1 WHERE blocks = 0", "that are none", NULL);
	assert_found("UPDATE run SET block = NULL WHERE id = 2", "that are none", NULL);
	put_open_run("first_seq = 20, last_seq = 20", "others follow it");
	put_open_run("first_seq = last_seq", "others follow it");
	put_open_run("first_seq = (SELECT max(seq) FROM event WHERE log = 1), last_seq = (SELECT "
		     "max(seq) FROM event WHERE log = 1)",
		     "a record that is another");
	put_open_run("first_seq = (SELECT max(first_seq) FROM loss), last_seq = (SELECT "
		     "max(first_seq) FROM loss)",
		     "is said to be lost");
	put_open_run("first_seq = last_seq + 100, last_seq = last_seq + 100", "beyond the cursor");
	put_open_run("log = 2, pen = 2, first_seq = 0, last_seq = -1", "no log of its pen");
	put_open_run("log = 2, pen = 1, first_seq = -1, last_seq = -1", "no log of its pen");
	put_open_run("log = 9, first_seq = 0, last_seq = 0", "no log of its pen");
	tamper_done();
}

/* A name that is read by verification itself, and never ends. */
static void names_that_mislead(void **state)
{
	(void)state;
	tamper_keep();
	assert_found(
		"PRAGMA legacy_alter_table=ON; ALTER TABLE entry RENAME TO entry_2; CREATE VIEW "
		"entry AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		"SELECT i AS seq, e.at_us, e.actor, e.action, e.request_id, e.payload, e.hash "
		"FROM n, entry_2 e",
		"\"entry", NULL);
	assert_found("PRAGMA legacy_alter_table=ON; ALTER TABLE client RENAME TO client_2; CREATE "
		     "VIEW client AS SELECT * FROM client_2 WHERE id <> 2",
		     "\"client", NULL);
	/* what is said of them is one line, and no order */
	assert_found("CREATE TABLE \"x\nthe record holds\x1b[2J\xc2\x9b\xe2\x80\xae\" (y)",
		     "\"x the record holds?[2J?????\"", NULL);
	tamper_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_personal_value), cmocka_unit_test(each_end_of_the_chain),
		cmocka_unit_test(each_kept_head),      cmocka_unit_test(tables_and_views),
		cmocka_unit_test(what_no_entry_tells), cmocka_unit_test(names_that_mislead),
	};

	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
