/* SPDX-License-Identifier: MIT */
/* Verification must see every change of what the chain protects, wherever it is made. */
#include "change_world.h"

#define AT WORLD_NOW_US

static struct world w;
static struct test_pen p;

/* A record with something in every table. */
static void fill(void)
{
	struct db_msg msg;
	union pw_rec_body body = {
		.counters = {.cycles = 1000, .motor_on_us = 60 * SECOND_US, .cycles_bits = 32}};

	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	pen_boot(&p);
	pen_run(&p, 1, 1500, 100);
	pen_run(&p, 2, 700, 100);
	pen_add(&p, PW_REC_COUNTERS, &body);
	pen_add_raw(&p, 77, "new", 3);
	p.boot = 2;
	pen_boot(&p);
	pen_run(&p, 3, 300, 100);
	pen_run_start(&p, 4);
	pen_cycles(&p, 4, 0, 100);
	pen_measure(&p, 4, PW_QUANTITY_VOLTAGE, 7400, 7500);
	pen_measure(&p, 4, PW_QUANTITY_VIBRATION, 12, 31);
	pen_attach(&w, &p, AT);
	assert_int_equal(pen_send(&w, &p, 0, 5, AT), 0);
	msg = ingest_msg(&p, 7, p.next_seq, AT);
	msg.ingest.avail_seq = 7;
	assert_int_equal(world_apply(&w, &msg), 0);
	msg = (struct db_msg){.op = DB_FIT,
			      .fit = {.pen = p.pen,
				      .log = p.log,
				      .boot = 2,
				      .fit = {.quality = CLOCK_SYNCED,
					      .tick0_us = p.tick_us,
					      .utc0_us = AT,
					      .drift_ppb = 12000,
					      .err0_us = 500,
					      .err_ppb = 1000}}};
	assert_int_equal(world_apply(&w, &msg), 0);
	msg = (struct db_msg){.op = DB_FINDING,
			      .finding = {.pen = p.pen, .kind = "clock.jump", .at_us = AT}};
	buf_adds(&msg.finding.detail, "{\"by_us\":5}");
	assert_int_equal(world_apply(&w, &msg), 0);
	buf_done(&msg.finding.detail);
	msg = (struct db_msg){.op = DB_MARK,
			      .mark = {.pen = p.pen,
				       .kind = "identify",
				       .actor = {1000, "somebody"},
				       .request_id = "r1",
				       .reason = "which one is it",
				       .at_us = AT}};
	assert_int_equal(world_apply(&w, &msg), 0);
	/* a third pen that was changed, and a forked log */
	pw_text_put(p.identity.firmware, "0.2");
	msg = attach_msg(&p, AT);
	msg.op = DB_FORK;
	assert_int_equal(world_apply(&w, &msg), 0);
	world_close(&w);
}

static int setup(void **state)
{
	(void)state;
	fill();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

static void holds(void **state)
{
	struct db_verify_report r = world_verify(&w);

	(void)state;
	assert_int_equal(r.entries, r.last_entry);
	assert_int_equal(r.runs, 4);
	assert_int_equal(r.open_runs, 0); /* the fork cut it */
	assert_int_equal(r.personal, 1);
	assert_int_equal(r.erased, 0);
	assert_int_equal(r.cycles, 1500 - 200 + 700 + 300 + 100);
	assert_int_equal(strlen(r.key_id), 16);
	assert_true(r.at_us > 0);
}

static void every_table_has_rows(void **state)
{
	static const char *const names[] = {"entry",   "personal",   "head",   "setting", "pen",
					    "log",     "epoch",	     "run",    "event",	  "loss",
					    "finding", "mark",	     "cursor", "contact", "boot",
					    "block",   "measurement"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		assert_true(count_of(&w, names[i], "true") > 0);
}

/* Verification must fail and say why in a sentence; the file is put back. */
static void assert_seen(const char *sql)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	char command[600];

#ifdef __SANITIZE_ADDRESS__ /* a tenth of a second each, through the same code: every fifth */
	static unsigned n;

	if (n++ % 5 != 0)
		return;
#endif
	snprintf(command, sizeof(command), "cp %s %s.kept", w.path, w.path);
	assert_int_equal(system(command), 0);
	world_tamper(&w, sql);
	if (db_verify(&options, &report, NULL, NULL) == 0)
		fail_msg("not seen: %s", sql);
	if (strlen(report.problem) < 12 || report.problem[strlen(report.problem) - 1] != '.')
		fail_msg("no sentence: %s\n%s", report.problem, sql);
	snprintf(command, sizeof(command), "rm -f %s-wal %s-shm; mv %s.kept %s", w.path, w.path,
		 w.path, w.path);
	assert_int_equal(system(command), 0);
}

/* One value of a column, changed as little as its type allows. */
static void change_column(const char *table, const char *column, const char *key)
{
	char sql[1200];

	snprintf(sql, sizeof(sql),
		 "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; UPDATE %s SET "
		 "\"%s\" = CASE typeof(\"%s\")"
		 " WHEN 'integer' THEN \"%s\" + 1000 WHEN 'text' THEN \"%s\" || 'x' WHEN 'null' "
		 "THEN 1"
		 " ELSE CAST(substr(\"%s\", 1, length(\"%s\") - 1) ||"
		 " iif(hex(substr(\"%s\", -1)) = '00', x'01', x'00') AS BLOB) END"
		 " WHERE %s = (SELECT %s FROM %s LIMIT 1 OFFSET (SELECT count(*) / 2 FROM %s))",
		 table, column, column, column, column, column, column, column, key, key, table,
		 table);
	assert_seen(sql);
}

/* Text in an INTEGER column and the like cannot be: STRICT. So these columns of NULL take a 1 or
 * are skipped. */
static bool takes_integer(sqlite3 *handle, const char *table, const char *column)
{
	const char *type = NULL;

	sqlite3_table_column_metadata(handle, NULL, table, column, &type, NULL, NULL, NULL, NULL);
	return type && streq(type, "INTEGER");
}

static void each_column(const char *table, const char *key)
{
	char *names[64];
	bool null_text[64];
	size_t n = 0;
	sqlite3_stmt *q;
	sqlite3 *handle;
	char sql[200];

	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	snprintf(sql, sizeof(sql), "SELECT * FROM %s LIMIT 1 OFFSET (SELECT count(*) / 2 FROM %s)",
		 table, table);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(q); i++) {
		names[n] = strdup(sqlite3_column_name(q, i));
		null_text[n] = sqlite3_column_type(q, i) == SQLITE_NULL &&
			       !takes_integer(handle, table, names[n]);
		n++;
	}
	sqlite3_finalize(q);
	sqlite3_close(handle);
	for (size_t i = 0; i < n; i++) {
		if (!null_text[i])
			change_column(table, names[i], key);
		free(names[i]);
	}
}

static void each_column_of_each_table(void **state)
{
	static const struct {
		const char *table, *key;
	} tables[] = {
		{"entry", "seq"}, {"personal", "entry"},  {"head", "id"},     {"setting", "name"},
		{"pen", "id"},	  {"log", "id"},	  {"epoch", "entry"}, {"run", "id"},
		{"event", "id"},  {"loss", "id"},	  {"finding", "id"},  {"mark", "id"},
		{"block", "id"},  {"measurement", "run"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(tables); i++)
		each_column(tables[i].table, tables[i].key);
}

static void rows_gone_or_added(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM entry WHERE seq = 5",
		"DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",
		"INSERT INTO entry SELECT max(seq) + 1, at_us, actor, action, NULL, payload, hash "
		"FROM entry",
		"DELETE FROM setting WHERE name = 'zone'",
		"INSERT INTO setting VALUES ('zzz', 'more', 1)",
		"DELETE FROM run WHERE id = 2",
		"INSERT INTO run (pen, log, number, boot, state, flags, first_seq, last_seq, "
		"tick_start_us, tick_end_us,"
		" depth_source, lost_cycles, cycles, entry) VALUES (1, 1, 9, 9, 1, 0, 900, 901, 0, "
		"0, 0, 0, 0, 1)",
		"DELETE FROM event WHERE id = (SELECT min(id) FROM event)",
		"DELETE FROM loss",
		"DELETE FROM finding",
		"DELETE FROM mark",
		"DELETE FROM measurement WHERE quantity = 4",
		"INSERT INTO measurement VALUES (1, 1, 1, 5, 5, 5, 25)",
		"INSERT INTO measurement VALUES (99, 1, 1, 5, 5, 5, 25)",
		"DELETE FROM epoch WHERE boot = 1",
		"INSERT INTO finding VALUES (1, 1, 'more', 5, '{}')",
		"DELETE FROM block WHERE id = 2",
		"DELETE FROM block WHERE id = (SELECT max(id) FROM block)",
		"INSERT INTO block SELECT max(id) + 1, first, data FROM block",
		"INSERT INTO personal SELECT 1, field, salt, value FROM personal",
		"INSERT INTO personal SELECT entry, 'more', salt, value FROM personal",
		"DELETE FROM cursor WHERE log = 1",
		"UPDATE cursor SET next_seq = 3 WHERE log = 1",
		/* two blocks change places */
		"UPDATE block SET id = id + 1000; UPDATE block SET id = 2 WHERE id = 1001;"
		"UPDATE block SET id = id - 1000 WHERE id > 1000 AND id <> 1002; UPDATE block SET "
		"id = 1 WHERE id = 1002",
		/* cycles for a run that is not open */
		"INSERT INTO tail (id, data) SELECT 1 << 27, data FROM block WHERE id = 1",
		/* a whole run taken out of its table and its blocks */
		"DELETE FROM block WHERE id BETWEEN (SELECT block FROM run WHERE id = 3) AND"
		" (SELECT block + blocks - 1 FROM run WHERE id = 3); DELETE FROM run WHERE id = 3",
	};
	char sql[800];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
		snprintf(sql, sizeof(sql), "PRAGMA foreign_keys=OFF; %s", changes[i]);
		assert_seen(sql);
	}
}

/* A block decoded, changed and encoded again has a good CRC: the digest sees it. */
static void recoded_cycles(void **state)
{
	uint32_t period[PW_CYCLES_MAX], count;
	uint16_t depth[PW_CYCLES_MAX];
	uint8_t out[PW_CYCLES_BOUND(PW_CYCLES_MAX)];
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	sqlite3_stmt *q;
	sqlite3 *handle;
	size_t len;

	(void)state;
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(handle, "SELECT data FROM block WHERE id = 2", -1, &q, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(pw_cycles_decode(sqlite3_column_blob(q, 0),
					  (size_t)sqlite3_column_bytes(q, 0), period, depth,
					  PW_CYCLES_MAX, &count),
			 PW_OK);
	sqlite3_finalize(q);
	for (int tampered = 1; tampered >= 0; tampered--) {
		depth[count / 2] ^= (uint16_t)tampered;
		assert_int_equal(pw_cycles_encode(period, depth, count, out, sizeof(out), &len),
				 PW_OK);
		depth[count / 2] ^= (uint16_t)tampered;
		assert_int_equal(sqlite3_prepare_v2(handle,
						    "UPDATE block SET data = ?1 WHERE id = 2", -1,
						    &q, NULL),
				 SQLITE_OK);
		sqlite3_bind_blob(q, 1, out, (int)len, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(q), SQLITE_DONE);
		sqlite3_finalize(q);
		assert_int_equal(db_verify(&options, &report, NULL, NULL), tampered ? -EUCLEAN : 0);
		if (tampered)
			assert_non_null(strstr(report.problem, "Run 1: its cycles"));
	}
	sqlite3_close(handle);
}

/* Erasing what is personal leaves the chain whole; what lacks otherwise was taken out, and what is
 * there although it was erased was put back. */
static void erased_values_are_allowed(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report r;
	char name[160], sql[400];

	(void)state;
	world_reopen(&w);
	change(&w, "client.add", "number", "1001", "name", "Invented Person", NULL);
	change(&w, "client.add", "number", "1002", NULL);
	world_close(&w);
	snprintf(name, sizeof(name), "%s/kept.db", w.dir);
	snprintf(sql, sizeof(sql),
		 "ATTACH '%s' AS kept; CREATE TABLE kept.row AS SELECT * FROM personal WHERE value "
		 "= 'Invented Person'",
		 name);
	world_tamper(&w, sql);
	world_reopen(&w);
	change(&w, "client.erase", "client", "1001", "reason", "asked for it", NULL);
	change_done();
	world_close(&w);
	r = world_verify(&w);
	assert_int_equal(r.erased, 2);
	assert_int_equal(r.personal,
			 1 + 1 + 1); /* of the mark, the other client, why it was erased */

	snprintf(sql, sizeof(sql),
		 "ATTACH '%s' AS kept; INSERT INTO personal SELECT * FROM kept.row", name);
	world_tamper(&w, sql);
	assert_int_equal(db_verify(&options, &r, NULL, NULL), -EUCLEAN);
	assert_non_null(strstr(r.problem, "\"name\" is there, though a later entry"));
	world_tamper(&w, "DELETE FROM personal WHERE field = 'name'");
	world_verify(&w);
	assert_seen("DELETE FROM personal WHERE value = '1002'");
	assert_seen("DELETE FROM personal");
}

static void key_is_needed(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;

	(void)state;
	unlink(w.key);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -ENOKEY);
	assert_non_null(strstr(report.problem, "key"));
}

static void open_run_is_checked(void **state)
{
	struct db_verify_report r;

	(void)state;
	teardown(NULL);
	world_open(&w);
	pen_init(&p, "INVENTED-1", 1);
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	world_close(&w);
	r = world_verify(&w);
	assert_int_equal(r.open_runs, 1);
	assert_int_equal(r.runs, 0);
	assert_seen("UPDATE tail SET data = zeroblob(length(data))");
	assert_seen("DELETE FROM tail");
}

/* While the daemon goes on writing, what is verified is one moment of it. */
static void works_beside_the_daemon(void **state)
{
	(void)state;
	world_reopen(&w);
	assert_int_equal(db_start(w.db), 0);
	world_verify(&w);
	world_close(&w);
}

static void on_progress(const char *stage, int64_t step, int64_t total, void *ctx)
{
	int *calls = ctx;

	assert_non_null(stage);
	assert_true(step >= 0 && total > 0);
	(*calls)++;
}

static void zone_is_put_back(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	int calls = 0;

	(void)state;
	setenv("TZ", "America/New_York", 1);
	tzset();
	assert_int_equal(db_verify(&options, &report, on_progress, &calls), 0);
	assert_string_equal(getenv("TZ"), "America/New_York");
	assert_true(calls > 0);
	unsetenv("TZ");
	assert_int_equal(db_verify(&options, &report, NULL, NULL), 0);
	assert_null(getenv("TZ"));
}

/* Days of runs follow the zone that the record had when they were written. */
static void days_follow_the_zone_of_their_time(void **state)
{
	struct db_options options = world_options(&w, false);
	struct db_problem problem;

	(void)state;
	assert_int_equal(db_open(&w.db, &options, &problem), 0);
	world_close(&w);
	options.zone = "Pacific/Auckland"; /* eleven hours on: another day */
	setenv("TZ", options.zone, 1);
	tzset();
	assert_int_equal(db_open(&w.db, &options, &problem), 0);
	w.s = &w.db->writer->store;
	pen_run(&p, 9, 100, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, world_int(&w, "SELECT max(next_seq) FROM cursor WHERE log = 2"), 100, AT);
	world_close(&w);
	assert_true(world_int(&w, "SELECT count(DISTINCT local_day) FROM run") > 1);
	world_verify(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds, setup, teardown),
		cmocka_unit_test_setup_teardown(every_table_has_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(each_column_of_each_table, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_gone_or_added, setup, teardown),
		cmocka_unit_test_setup_teardown(recoded_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(erased_values_are_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(key_is_needed, setup, teardown),
		cmocka_unit_test_setup_teardown(open_run_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(works_beside_the_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(zone_is_put_back, setup, teardown),
		cmocka_unit_test_setup_teardown(days_follow_the_zone_of_their_time, setup,
						teardown),
	};

#ifdef __SANITIZE_THREAD__
	cmocka_set_test_filter("works_beside_the_daemon"); /* all others have one thread */
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
