/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a record that are more than a changed value: values of other types, hashes computed
 * again without the key, a key of one's own, files that lie beside the record or stand in its place.
 * Each is found and named, and none makes verification wait for ever.
 */
#include "tamper_world.h"

/* ---- values of other types ---- */

/*
 * The values of one row become others of another type that read the same. The table is one without
 * types meanwhile, and its schema is put back.
 */
static void assert_type_found(const char *table, const char *change, const char *names)
{
	char *sql = sqlite3_mprintf(
		"CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = '%q';"
		"PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(replace(replace("
		"replace(replace(replace(sql, 'INTEGER PRIMARY KEY', '@'), ' INTEGER', ''), "
		"' TEXT', ''), ' BLOB', ''), 'STRICT', ''), '@', 'INTEGER PRIMARY KEY') WHERE name "
		"= '%q'; PRAGMA writable_schema=RESET; UPDATE %s SET %s; PRAGMA writable_schema=ON;"
		"UPDATE sqlite_schema SET sql = (SELECT sql FROM temp.kept) WHERE name = '%q'",
		table, table, table, change, table);

	assert_found(sql, names, NULL);
	sqlite3_free(sql);
}

static void values_of_other_types(void **state)
{
	static const char *const ways[][3] = {
		{"entry", "at_us = CAST(at_us AS TEXT) WHERE seq = 20",
		 "Entry 20 was changed: its at_us is of another type"},
		{"entry", "payload = CAST(payload AS BLOB) WHERE seq = 20",
		 "Entry 20 was changed: its payload is of another type"},
		{"entry", "actor = CAST(actor AS BLOB) WHERE seq = 1",
		 "Entry 1 was changed: its actor is of another type"},
		{"entry", "action = CAST(action AS BLOB) WHERE seq = 2",
		 "Entry 2 was changed: its action is of another type"},
		{"entry", "request_id = CAST(request_id AS BLOB) WHERE request_id = 'r-3'",
		 "its request_id is of another type"},
		{"entry", "hash = CAST(hash AS TEXT) WHERE seq = 3",
		 "Entry 3 was changed: its hash is of another type"},
		{"kept_head", "at_us = CAST(at_us AS TEXT)", "kept_head of entry"},
		{"kept_head", "hash = CAST(hash AS TEXT)", "kept_head of entry"},
		{"kept_head", "signature = CAST(signature AS TEXT)", "kept_head of entry"},
		{"kept_head", "key_id = CAST(key_id AS BLOB)", "kept_head of entry"},
		{"kept_head", "entry = CAST(entry AS TEXT) WHERE entry IS NOT NULL",
		 "kept_head of entry"},
		{"head", "at_us = CAST(at_us AS TEXT)", "head.at_us"},
		{"head", "seq = CAST(seq AS TEXT)", "head.seq"},
		{"head", "key_id = CAST(key_id AS BLOB)", "head.key_id"},
		{"personal", "salt = CAST(salt AS TEXT) WHERE field = 'contact'",
		 "personal value \"contact\""},
		{"personal", "value = CAST(value AS BLOB) WHERE field = 'contact'",
		 "personal value \"contact\""},
		{"block", "data = CAST(data AS TEXT) WHERE id = 1", "Run 1: its block of cycles"},
		{"block", "first = '0x' WHERE id = 1", "Run 1: its block of cycles"},
		{"run", "cycles = CAST(cycles AS TEXT) WHERE id = 1",
		 "In run 1, cycles is 200 as a text, but by its entries it is 200 as an integer"},
		{"run", "blocks = CAST(blocks AS REAL) WHERE id = 1", "In run 1, blocks is"},
		{"cursor", "next_seq = next_seq + 0.5", "cursor.next_seq"},
	};

	(void)state;
	tamper_keep();
	for (size_t i = 0; i < ELEMENTSOF(ways); i++)
		assert_type_found(ways[i][0], ways[i][1], ways[i][2]);
	assert_found("UPDATE threshold SET value = CAST(value AS TEXT) WHERE typeof(value) IN "
		     "('integer', 'real')",
		     "threshold", NULL);
	tamper_done();
}

/* ---- numbers beyond all bounds ---- */

static void numbers_without_bounds(void **state)
{
	(void)state;
	tamper_keep();
	assert_found("UPDATE run SET block = 9223372036854775807, blocks = 5 WHERE id = 1",
		     "Run 1: its row names blocks", NULL);
	assert_found("UPDATE run SET blocks = 9223372036854775806 WHERE id = 1", "Run 1: ", NULL);
	assert_found("UPDATE run SET block = -9223372036854775807, blocks = 9223372036854775807 "
		     "WHERE id = 1",
		     "Run 1: ", NULL);
	assert_found("UPDATE block SET first = 4294967296 WHERE id = 1", "Run 1: ", NULL);
	assert_found("UPDATE block SET first = -1 WHERE id = 1", "Run 1: ", NULL);
	assert_found("UPDATE entry SET seq = 9223372036854775807 WHERE seq = (SELECT max(seq) "
		     "FROM entry)",
		     "is missing", NULL);
	assert_found("UPDATE entry SET seq = -9223372036854775807 WHERE seq = 1",
		     "Entry 1 is missing", NULL);
	assert_found("INSERT INTO tail (id, data) VALUES (-9223372036854775807, x'00')",
		     "Cycles are kept for run", NULL);
	/* an open run whose number is none, and whose cycles are not there */
	assert_found(
		"CREATE TEMP TABLE more AS SELECT * FROM run WHERE id = 5; UPDATE more SET id = "
		"-3, state = 0, entry = NULL, attribution_entry = NULL, block = NULL, blocks = 0, "
		"cycles = 77, first_seq = (SELECT next_seq - 1 FROM cursor WHERE log = more.log), "
		"last_seq = (SELECT next_seq - 1 FROM cursor WHERE log = more.log); INSERT INTO "
		"run SELECT * FROM more",
		"pen run", "un -3");
	tamper_done();
}

/* ---- the file's own structure ---- */

static void other_roots_and_versions(void **state)
{
	(void)state;
	tamper_keep();
	/* two tables of the same shape on the same page; a table whose rows are another's */
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = (SELECT "
		     "rootpage FROM sqlite_schema WHERE name = 'retotal') WHERE name = 'recount'",
		     "The file is damaged", NULL);
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = (SELECT "
		     "rootpage FROM sqlite_schema WHERE name = 'finding') WHERE name = 'mark'",
		     "mark ", NULL);
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = 0 WHERE name "
		     "= 'relink'",
		     "The file is damaged", NULL);
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, "
		     "'STRICT', 'STRICT, WITHOUT ROWID') WHERE name = 'pen'",
		     "\"pen\"", NULL);
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, "
		     "'serial               TEXT', 'serial TEXT COLLATE NOCASE') WHERE name = "
		     "'pen'",
		     "\"pen\"", NULL);
	assert_found("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = sql || char(0) || "
		     "'x' WHERE name = 'pens'",
		     "\"pens\"", NULL);
	assert_found("PRAGMA application_id=0", "not of stipple", NULL);
	tamper_done();
}

/* ---- hashes computed again, without the key ---- */

static void put_hash(sqlite3 *handle, const struct chain_head *head)
{
	sqlite3_stmt *put;

	assert_int_equal(sqlite3_prepare_v2(handle, "UPDATE entry SET hash = ?2 WHERE seq = ?1", -1,
					    &put, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(put, 1, head->seq);
	sqlite3_bind_blob(put, 2, head->hash, sizeof(head->hash), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(put), SQLITE_DONE);
	sqlite3_finalize(put);
}

/* The whole chain again over the entries as they are now; *ret is its end. */
static void hash_anew(sqlite3 *handle, struct chain_head *ret)
{
	struct chain_head head = {0};
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT seq, at_us, actor, action, request_id, payload "
					    "FROM entry ORDER BY seq",
					    -1, &q, NULL),
			 SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		struct chain_entry e = {
			.seq = sqlite3_column_int64(q, 0),
			.at_us = sqlite3_column_int64(q, 1),
			.actor = (const char *)sqlite3_column_text(q, 2),
			.action = (const char *)sqlite3_column_text(q, 3),
			.request_id = (const char *)sqlite3_column_text(q, 4),
			.payload = (const char *)sqlite3_column_text(q, 5),
		};

		chain_hash(head.hash, &e, head.hash);
		head.seq = e.seq;
		put_hash(handle, &head);
	}
	sqlite3_finalize(q);
	assert_int_equal(sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	*ret = head;
}

/* @sql is done to the entries, and their hashes are made to fit. */
static void assert_forgery_found(const char *sql, const char *names)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	struct chain_head head;
	sqlite3 *handle;
	int r;

	world_tamper(&w, sql);
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	hash_anew(handle, &head);
	sqlite3_close(handle);
	r = db_verify(&options, &report, NULL, NULL);
	tamper_put_back();
	if (r != -EUCLEAN || !strstr(report.problem, names))
		fail_msg("%s\n%s: %s, where \"%s\" should be named", sql, strerror(-r),
			 report.problem, names);
}

#define ZONE(name)                                                                                 \
	"UPDATE entry SET payload = '{\"name\":\"zone\",\"value\":\"" name                         \
	"\"}' WHERE action = 'setting.set' AND payload ->> 'name' = 'zone'"

/* What an entry says is followed before its signature is reached: it leads nowhere. */
static void hashes_without_the_key(void **state)
{
	char fifo[160], *sql;

	(void)state;
	tamper_keep();
	assert_forgery_found("UPDATE entry SET actor = 'nobody' WHERE seq = 20",
			     "is not the one that was signed");
	assert_forgery_found("UPDATE entry SET at_us = at_us - 86400000000 WHERE seq = 20",
			     "is not the one that was signed");
	assert_forgery_found("UPDATE entry SET payload = json_set(payload, '$.client', 2) WHERE "
			     "action = 'session.start' AND payload ->> 'client' = 1",
			     "ntry ");
	assert_forgery_found("UPDATE entry SET payload = '[]' WHERE seq = 20", "Entry 20 ");
	assert_forgery_found("UPDATE entry SET payload = '' WHERE action = 'run.add'", "Entry ");
	assert_forgery_found("UPDATE entry SET payload = json_set(payload, '$.run', "
			     "9223372036854775807) WHERE action = 'run.add'",
			     "Run 9223372036854775807 is in the chain but not in its table");
	assert_forgery_found("UPDATE entry SET payload = json_set(payload, '$.lost_cycles', "
			     "-9223372036854775807) WHERE action = 'run.add'",
			     " ");
	/* a zone is a file: one that never ends, and one that never begins */
	assert_forgery_found(ZONE("/dev/zero"), "names a time zone that is none");
	assert_forgery_found(ZONE("../../../dev/zero"), "names a time zone that is none");
	assert_forgery_found(ZONE(":/dev/zero"), "names a time zone that is none");
	snprintf(fifo, sizeof(fifo), "%s/fifo", w.dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	sql = sqlite3_mprintf(ZONE("%s"), fifo);
	assert_forgery_found(sql, "names a time zone that is none");
	sqlite3_free(sql);
	/* one that is only not known here says nothing, and what was signed is another */
	assert_forgery_found(ZONE("Nowhere/Town"), "is not the one that was signed");
	free(tamper_kept);
}

/* Days that cannot be made again prove nothing, and are no fault of the record. */
static void a_zone_that_is_not_here(void **state)
{
	struct db_verify_report report;
	struct db_options options;
	struct db_problem problem;
	struct world other;

	(void)state;
	world_paths(&other);
	options = world_options(&other, false);
	options.zone = "Nowhere/Town";
	assert_int_equal(db_open(&other.db, &options, &problem), 0);
	world_close(&other);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -ENOTSUP);
	assert_non_null(strstr(report.problem, "the time zone Nowhere/Town of entry "));
	world_done(&other);
}

/* ---- a key of one's own ---- */

static void bind_head(sqlite3 *handle, const char *sql, const struct chain_key *key,
		      const struct chain_head *head, int64_t at_us, const uint8_t *signature)
{
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &q, NULL), SQLITE_OK);
	sqlite3_bind_int64(q, 1, head->seq);
	sqlite3_bind_blob(q, 2, head->hash, sizeof(head->hash), SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, at_us);
	sqlite3_bind_text(q, 4, key->id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 5, signature, CHAIN_SIGNATURE_SIZE, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
}

/* Everything is signed by @key, as if the record had always been its. */
static void take_over(const struct chain_key *key, uint64_t host_id)
{
	char hex[2 * sizeof(key->public_key) + 1], *sql;
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct chain_head head;
	sqlite3 *handle;

	chain_hex(key->public_key, sizeof(key->public_key), hex);
	sql = sqlite3_mprintf("UPDATE entry SET payload = json_set(payload, '$.value', '%s') WHERE "
			      "action = 'setting.set' AND payload ->> 'name' = 'key'; UPDATE "
			      "setting SET value = '%s' WHERE name = 'key'; DELETE FROM kept_head",
			      hex, hex);
	world_tamper(&w, sql);
	sqlite3_free(sql);
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	hash_anew(handle, &head);
	chain_sign(key, host_id, &head, WORLD_NOW_US, signature);
	bind_head(handle,
		  "UPDATE head SET seq = ?1, hash = ?2, at_us = ?3, key_id = ?4, signature = ?5",
		  key, &head, WORLD_NOW_US, signature);
	sqlite3_close(handle);
}

static void a_key_of_ones_own(void **state)
{
	_cleanup_(chain_key_freep) struct chain_key *own = chain_key_new(), *ours = NULL;
	struct db_options options = world_options(&w, true);
	struct checkpoint c = {.head = {.seq = 10}};
	struct db_trust trust = {.checkpoint = &c};
	struct db_verify_report report;
	char path[160];

	(void)state;
	assert_non_null(own);
	assert_int_equal(chain_key_load(&ours, w.key), 0);
	c.host_id = strtoull(world_text(&w, "SELECT value FROM setting WHERE name = 'host_id'"),
			     NULL, 16);
	memcpy(c.public_key, ours->public_key, sizeof(c.public_key));
	assert_int_equal(
		chain_unhex(world_text(&w, "SELECT lower(hex(hash)) FROM entry WHERE seq = 10"),
			    c.head.hash, sizeof(c.head.hash)),
		0);
	tamper_keep();
	assert_int_equal(db_verify_by(&options, &trust, &report, NULL, NULL), 0);
	take_over(own, c.host_id);
	/* by the key, by a checkpoint and by the public key that was kept apart */
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -ENOKEY);
	assert_non_null(strstr(report.problem, "is not the one of the database"));
	snprintf(path, sizeof(path), "%s/own.key", w.dir);
	assert_int_equal(chain_key_save(own, path), 0);
	options.key_path = path;
	assert_int_equal(db_verify_by(&options, &trust, &report, NULL, NULL), -ENOKEY);
	assert_non_null(strstr(report.problem, "is not the one of the database"));
	trust = (struct db_trust){.public_key = ours->public_key};
	assert_int_equal(db_verify_by(&options, &trust, &report, NULL, NULL), -ENOKEY);
	tamper_put_back();
	free(tamper_kept);
}

/* ---- an older head ---- */

static void an_older_head(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	char *sql, name[160], sentence[80];
	int64_t last;

	(void)state;
	snprintf(name, sizeof(name), "%s/older.db", w.dir);
	last = world_int(&w, "SELECT max(seq) FROM entry");
	sql = sqlite3_mprintf("ATTACH '%q' AS older; CREATE TABLE older.head AS SELECT * FROM head",
			      name);
	world_tamper(&w, sql);
	sqlite3_free(sql);
	tamper_keep();
	world_reopen(&w);
	FULL_DO("place.add", "name", "Chair 9", "kind", "chair");
	change_done();
	world_close(&w);
	world_verify(&w);
	sql = sqlite3_mprintf("ATTACH '%q' AS older; DELETE FROM head; INSERT INTO head SELECT * "
			      "FROM older.head",
			      name);
	world_tamper(&w, sql);
	sqlite3_free(sql);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	snprintf(sentence, sizeof(sentence), "Entry %" PRId64 " is not in what was signed",
		 last + 1);
	assert_non_null(strstr(report.problem, sentence));
	tamper_put_back();
	free(tamper_kept);
}

/* ---- files ---- */

static void assert_refused(const char *path, int error, const char *names)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	int r;

	options.path = path;
	r = db_verify(&options, &report, NULL, NULL);
	if (r != error || !strstr(report.problem, names))
		fail_msg("%s: %s: %s, where \"%s\" should be said", path, strerror(-r),
			 report.problem, names);
}

static void write_file(const char *path, const char *text, size_t times)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	for (size_t i = 0; i < times; i++)
		assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void what_is_no_record(void **state)
{
	char path[160];

	(void)state;
	assert_refused(w.dir, -ENOENT, "is no file");
	assert_refused("/dev/zero", -ENOENT, "is no file");
	snprintf(path, sizeof(path), "%s/nothing", w.dir);
	assert_refused(path, -ENOENT, "cannot be opened");
	snprintf(path, sizeof(path), "%s/pipe", w.dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, -ENOENT, "is no file");
	snprintf(path, sizeof(path), "%s/empty", w.dir);
	write_file(path, "", 0);
	assert_refused(path, -EUCLEAN, "not of stipple");
	snprintf(path, sizeof(path), "%s/text", w.dir);
	write_file(path, "invented, and no database\n", 1000);
	assert_refused(path, -EUCLEAN, "is damaged");
}

/* A journal that a program rolls back, a pipe in its place, and a log that is not the record's. */
static void what_lies_beside(void **state)
{
	char path[160];

	(void)state;
	tamper_keep();
	snprintf(path, sizeof(path), "%s-journal", w.path);
	write_file(path, "", 0);
	world_verify(&w);
	write_file(path, "no journal", 1);
	assert_refused(w.path, -EUCLEAN, "-journal");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(w.path, -EUCLEAN, "-journal");
	unlink(path);
	snprintf(path, sizeof(path), "%s-wal", w.path);
	write_file(path, "no write-ahead log", 1000);
	world_verify(&w);
	tamper_put_back();
	free(tamper_kept);
}

/* What was written into a log and not yet into the file counts as well. */
static void a_log_with_changes(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	sqlite3 *handle;

	(void)state;
	tamper_keep();
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle,
				      "PRAGMA wal_autocheckpoint=0; UPDATE session SET client = "
				      "CASE client WHEN 1 THEN 2 ELSE 1 END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	assert_non_null(strstr(report.problem, "In session "));
	sqlite3_close(handle);
	tamper_put_back();
	free(tamper_kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_other_types),
		cmocka_unit_test(numbers_without_bounds),
		cmocka_unit_test(other_roots_and_versions),
		cmocka_unit_test(hashes_without_the_key),
		cmocka_unit_test(a_zone_that_is_not_here),
		cmocka_unit_test(a_key_of_ones_own),
		cmocka_unit_test(an_older_head),
		cmocka_unit_test(what_is_no_record),
		cmocka_unit_test(what_lies_beside),
		cmocka_unit_test(a_log_with_changes),
	};

	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
