/* SPDX-License-Identifier: MIT */
/* Opening: what is refused and how it is said, creation that may be cut off anywhere, migrations.
 */
#include <fcntl.h>
#include <unistd.h>

#include "db/handle.h"
#include "db/open.h"
#include "db_world.h"
#include "killed_child.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_paths(&w);
	return 0;
}

static int setup_created(void **state)
{
	(void)state;
	world_open(&w);
	world_close(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Opening must be refused with @error, say each of @words, and change nothing. */
static void assert_refused(int error, bool read_only, const char *const *words)
{
	struct db_options options = world_options(&w, read_only);
	struct db_problem problem = {0};
	struct stat before = {0}, after = {0};
	struct db *db = NULL;
	char lock[128];

	stat(w.path, &before);
	assert_int_equal(db_open(&db, &options, &problem), error);
	assert_null(db);
	assert_int_equal(problem.error, error);
	for (; *words; words++)
		if (!strstr(problem.text, *words))
			fail_msg("not said: %s\nbut: %s", *words, problem.text);
	stat(w.path, &after);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_ino, after.st_ino);
	/* nor does it leave a file beside it, if no other daemon has the lock */
	snprintf(lock, sizeof(lock), "%s.lock", w.path);
	assert_int_equal(there(lock), error == -EBUSY);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void replace(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void created_and_opened_again(void **state)
{
	struct stat st;
	uint64_t host_id;

	(void)state;
	world_reopen(&w);
	host_id = db_host_id(w.db);
	assert_true(host_id != 0);
	assert_int_equal(stat(w.key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0); /* not the world's */
	assert_int_equal(world_int(&w, "PRAGMA page_size"), DB_PAGE_SIZE);
	assert_int_equal(world_int(&w, "PRAGMA user_version"), (int64_t)db_n_schema);
	assert_int_equal(world_int(&w, "PRAGMA application_id"), DB_APPLICATION_ID);
	assert_int_equal(
		world_int(&w,
			  "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
		1);
	world_close(&w);
	world_reopen(&w);
	assert_int_equal(db_host_id(w.db), host_id);
	world_close(&w);
	assert_int_equal(world_verify(&w).entries, 3);
}

static void every_table_is_strict(void **state)
{
	(void)state;
	assert_int_equal(world_int(&w, "SELECT count(*) FROM pragma_table_list WHERE schema = "
				       "'main' AND type = 'table'"
				       " AND NOT strict AND name NOT LIKE 'sqlite_%%'"),
			 0);
}

static void database_without_key(void **state)
{
	(void)state;
	unlink(w.key);
	assert_refused(-ENOKEY, false, WORDS(w.path, w.key, "missing", "Restore the key"));
	assert_refused(-ENOKEY, true, WORDS(w.path, w.key));
}

static void key_without_database(void **state)
{
	(void)state;
	unlink(w.path);
	assert_refused(-ENOKEY, false,
		       WORDS(w.path, w.key, "Restore the database", "move the key aside"));
	assert_false(there(w.path));
}

static void empty_file(void **state)
{
	(void)state;
	replace(w.path, "", 0);
	assert_refused(-EUCLEAN, false, WORDS(w.path, "0 bytes", "Restore a backup"));
}

static void not_a_database(void **state)
{
	static char rubbish[100000];

	(void)state;
	memset(rubbish, 'x', sizeof(rubbish));
	replace(w.path, rubbish, sizeof(rubbish));
	assert_refused(-EUCLEAN, false, WORDS(w.path, "damaged", "backup"));
	assert_refused(-EUCLEAN, true, WORDS(w.path, "damaged", "backup"));
}

static void another_program_s(void **state)
{
	char mode[2];
	int fd;

	(void)state;
	world_tamper(&w, "PRAGMA journal_mode=DELETE; PRAGMA application_id=7");
	assert_refused(-EUCLEAN, false, WORDS(w.path, "not of stipple"));
	/* nor is its mode changed to ours: 1 is a rollback journal, 2 a write-ahead log */
	fd = open(w.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, mode, sizeof(mode), 18), sizeof(mode));
	close(fd);
	assert_memory_equal(mode, "\1\1", sizeof(mode));
}

static void cut_short(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(truncate(w.path, st.st_size / 2), 0);
	assert_refused(-EUCLEAN, false, WORDS(w.path, "backup"));
}

static void newer_version(void **state)
{
	(void)state;
	world_tamper(&w, "PRAGMA user_version=99");
	assert_refused(-ENOTSUP, false, WORDS(w.path, "version 99", "newer"));
	assert_refused(-ENOTSUP, true, WORDS("version 99"));
}

static void missing_tables(void **state)
{
	(void)state;
	world_tamper(&w, "DROP TABLE head");
	assert_refused(-EUCLEAN, false, WORDS(w.path, "tables are missing"));
}

static void head_does_not_hold(void **state)
{
	static const struct {
		const char *sql, *word;
	} cases[] = {
		{"UPDATE head SET signature = zeroblob(64)", "signature"},
		{"UPDATE head SET at_us = at_us + 1", "signature"},
		{"UPDATE head SET hash = zeroblob(32)", "signature"},
		{"UPDATE setting SET value = '0000000000000001' WHERE name = 'host_id'",
		 "signature"},
		{"DELETE FROM head", "missing"},
		{"DELETE FROM setting WHERE name = 'zone'", "missing"},
		{"UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", "newest entry"},
		{"INSERT INTO entry SELECT 4, at_us, actor, action, NULL, payload, hash FROM entry "
		 "WHERE seq = 3",
		 "newest entry"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		world_done(&w);
		setup_created(NULL);
		world_tamper(&w, cases[i].sql);
		assert_refused(-EUCLEAN, false, WORDS(w.path, cases[i].word, "--verify", "backup"));
		assert_refused(-EUCLEAN, true, WORDS(cases[i].word));
	}
}

static void key_of_another_database(void **state)
{
	struct world other;

	(void)state;
	world_open(&other);
	world_close(&other);
	assert_int_equal(rename(other.key, w.key), 0);
	assert_refused(-ENOKEY, false, WORDS(w.path, "same backup"));
	world_done(&other);
}

static void key_that_others_can_read(void **state)
{
	(void)state;
	assert_int_equal(chmod(w.key, 0644), 0);
	assert_refused(-EACCES, false, WORDS(w.key, "chmod 600"));
}

static void second_daemon(void **state)
{
	char pid[32];

	(void)state;
	world_reopen(&w);
	snprintf(pid, sizeof(pid), "process %d", getpid());
	assert_refused(-EBUSY, false, WORDS(w.path, "another daemon", pid));
	world_close(&w);
	world_reopen(&w); /* the lock goes with its owner */
}

static void no_place_to_write(void **state)
{
	(void)state;
	snprintf(w.path, sizeof(w.path), "%.60s/no/such/directory/record.db", w.dir);
	assert_refused(-ENOENT, false, WORDS(w.path, "directory"));
	snprintf(w.path, sizeof(w.path), "/proc/stipple.db");
	assert_refused(-ENOENT, false, WORDS(w.path, "directory"));
}

static void nothing_to_check_yet(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_problem problem = {0};

	(void)state;
	assert_refused(-ENOENT, true, WORDS(w.path, "first start"));
	assert_int_equal(db_check(&options, &problem), -ENOENT);
	assert_false(there(w.path));
	assert_false(there(w.key));
}

static void check_finds_damage(void **state)
{
	struct db_options options = world_options(&w, true);
	struct db_problem problem = {0};
	char page[DB_PAGE_SIZE];
	int fd;

	(void)state;
	assert_int_equal(db_check(&options, &problem), 0);
	world_tamper(&w, "PRAGMA foreign_keys=OFF; INSERT INTO cursor VALUES (77, 0, NULL, NULL, "
			 "0, NULL, 0)");
	assert_int_equal(db_check(&options, &problem), -EUCLEAN);
	assert_non_null(strstr(problem.text, "cursor"));
	world_tamper(&w, "DELETE FROM cursor");
	assert_int_equal(db_check(&options, &problem), 0);
	/* an index page of zeros: nothing that opening looks at */
	world_tamper(&w, "PRAGMA wal_checkpoint(TRUNCATE)");
	memset(page, 0, sizeof(page));
	fd = open(w.path, O_RDWR);
	assert_int_equal(
		pwrite(fd, page, sizeof(page),
		       (world_int(&w,
				  "SELECT rootpage FROM sqlite_schema WHERE name = 'event_at'") -
			1) * DB_PAGE_SIZE),
		sizeof(page));
	close(fd);
	assert_int_equal(db_check(&options, &problem), -EUCLEAN);
	assert_non_null(strstr(problem.text, "damaged"));
}

/* ---- creation ---- */

static void rubbish_of_a_cut_creation(void **state)
{
	char name[128];

	(void)state;
	snprintf(name, sizeof(name), "%s.new", w.path);
	replace(name, "half", 4);
	snprintf(name, sizeof(name), "%s.new-wal", w.path);
	replace(name, "half", 4);
	snprintf(name, sizeof(name), "%s/private", w.dir);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s.new", w.key);
	replace(name, "half", 4);
	world_reopen(&w);
	assert_false(there(name));
	world_close(&w);
	world_verify(&w);
}

static void creation_between_two_names(void **state)
{
	char name[128];

	(void)state;
	snprintf(name, sizeof(name), "%s.new", w.path);
	assert_int_equal(rename(w.path, name), 0);
	world_reopen(&w);
	assert_false(there(name));
	world_close(&w);
	world_verify(&w);
	/* but a database under that name that the key did not sign is none */
	assert_int_equal(rename(w.path, name), 0);
	world_tamper(&w, "SELECT 1"); /* makes an empty file: remove it */
	unlink(w.path);
	replace(name, "half", 4);
	assert_refused(-ENOKEY, false, WORDS(w.key, "missing"));
}

static void create_and_close(void *arg)
{
	(void)arg;
	world_reopen(&w);
	world_close(&w);
}

/* Of the calls that change files, each so many'th. With a sanitizer an opening takes long, and does
 * the same. */
#ifdef __SANITIZE_ADDRESS__
#define EACH_CHANGE 24
#else
#define EACH_CHANGE 5
#endif

struct crashes {
	unsigned long calls, changes;
};

/*
 * What a crash would leave before a call that changes files is what is there now, so a copy stands
 * for the crash. Between two such calls nothing changes but the shared memory beside the database,
 * which the next to open it makes anew. A copy has no lock either. The first one is of an empty
 * directory.
 */
static bool look_at_copy(unsigned long n, const struct entered *e, void *ctx)
{
	struct crashes *c = ctx;
	struct world of_child = w;
	char command[300];

	c->calls = n;
	if (!changes_files(e) || c->changes++ % EACH_CHANGE != 0)
		return false;
	world_paths(&w);
	snprintf(command, sizeof(command), "cp -a %s/. %s", of_child.dir, w.dir);
	assert_int_equal(system(command), 0);
	world_reopen(&w);
	world_close(&w);
	assert_int_equal(world_verify(&w).entries, 3);
	world_done(&w);
	w = of_child;
	return false;
}

static void creation_cut_off_anywhere(void **state)
{
	struct crashes c = {0};

	(void)state;
	world_paths(&w);
	assert_false(traced_child(create_and_close, NULL, look_at_copy, &c));
	print_message("%lu system calls, %lu of them changes\n", c.calls, c.changes);
	assert_true(c.changes > 100);
	world_verify(&w);
}

/* And really killed, at places further and further apart. */
static void creation_killed(void **state)
{
	unsigned long n = 1;

	(void)state;
	for (;; n += n) {
		world_paths(&w);
		if (!killed_at_call(n, create_and_close, NULL))
			break;
		world_reopen(&w);
		world_close(&w);
		assert_int_equal(world_verify(&w).entries, 3);
		world_done(&w);
	}
	assert_true(n > 100);
}

static void setting_follows_the_zone(void **state)
{
	struct db_options options = world_options(&w, false);
	struct db_problem problem;

	(void)state;
	options.zone = "Europe/Berlin";
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_open(&w.db, &options, &problem), 0);
		world_close(&w);
		assert_int_equal(
			world_int(&w, "SELECT count(*) FROM setting WHERE value = 'Europe/Berlin'"),
			1);
		assert_int_equal(world_verify(&w).entries, 4); /* once */
	}
}

/* ---- migrations ---- */

static const struct db_sql steps[] = {
	{"0001-first", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (5)"},
	{"0002-second", "ALTER TABLE a ADD COLUMN y TEXT; UPDATE a SET y = 'new'"},
	{"0003-third", "CREATE TABLE b (z INTEGER) STRICT; INSERT INTO b SELECT x FROM a"},
	{"0004-bad", "CREATE TABLE c (z INTEGER) STRICT; INSERT INTO nowhere VALUES (1)"},
};

static sqlite3 *open_small(void)
{
	sqlite3 *handle;

	assert_int_equal(handle_open_writer(w.path, true, &handle), 0);
	assert_int_equal(sqlite3_exec(handle, "PRAGMA application_id=1937009008", NULL, NULL, NULL),
			 SQLITE_OK);
	return handle;
}

static int backups(char *ret_name, size_t size)
{
	FILE *list;
	char command[200], line[200];
	int n = 0;

	snprintf(command, sizeof(command), "ls %s/*.backup 2>/dev/null", w.dir);
	list = popen(command, "r");
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(ret_name, size, "%s", line);
		n++;
	}
	pclose(list);
	return n;
}

static void migrates_after_a_backup(void **state)
{
	struct db_problem problem = {0};
	sqlite3 *handle = open_small(), *copy;
	char name[200];
	int64_t v;

	(void)state;
	assert_int_equal(open_schema(handle, w.path, steps, 1, true, &problem), 0);
	assert_int_equal(backups(name, sizeof(name)), 0); /* a new one needs none */
	assert_int_equal(open_schema(handle, w.path, steps, 3, false, &problem), -ENOTSUP);
	assert_non_null(strstr(problem.text, "older"));
	assert_int_equal(open_schema(handle, w.path, steps, 3, true, &problem), 0);
	assert_int_equal(handle_get_int(handle, "PRAGMA user_version", &v), 0);
	assert_int_equal(v, 3);
	assert_int_equal(
		handle_get_int(handle, "SELECT z FROM b JOIN a ON x = z AND y = 'new'", &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(handle_get_int(handle, "PRAGMA foreign_keys", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(backups(name, sizeof(name)), 1);
	assert_non_null(strstr(name, "version-1"));
	assert_int_equal(sqlite3_open(name, &copy), SQLITE_OK); /* as it was */
	assert_int_equal(handle_get_int(copy, "PRAGMA user_version", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(handle_get_int(copy, "SELECT x FROM a", &v), 0);
	assert_int_equal(v, 5);
	sqlite3_close(copy);
	assert_int_equal(open_schema(handle, w.path, steps, 3, true, &problem),
			 0); /* nothing to do */
	assert_int_equal(open_schema(handle, w.path, steps, 2, true, &problem), -ENOTSUP);
	sqlite3_close(handle);
}

static void failed_migration_changes_nothing(void **state)
{
	struct db_problem problem = {0};
	sqlite3 *handle = open_small();
	char name[200];
	int64_t v;

	(void)state;
	assert_int_equal(open_schema(handle, w.path, steps, 1, true, &problem), 0);
	assert_true(open_schema(handle, w.path, steps, 4, true, &problem) < 0);
	assert_non_null(strstr(problem.text, "as it was"));
	assert_int_equal(handle_get_int(handle, "PRAGMA user_version", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(handle_get_int(handle, "SELECT count(*) FROM sqlite_schema", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(backups(name, sizeof(name)), 1);
	sqlite3_close(handle);
}

/* ---- pens known at start ---- */

static void pens_are_loaded(void **state)
{
	struct test_pen *p = calloc(1, sizeof(*p));
	struct db_pen_row *rows;
	size_t n;

	(void)state;
	world_reopen(&w);
	assert_int_equal(db_load_pens(w.db, &rows, &n), 0);
	assert_int_equal(n, 0);
	free(rows);
	for (int i = 1; i <= 3; i++) {
		char serial[20];

		snprintf(serial, sizeof(serial), "INVENTED-%d", i);
		pen_init(p, serial, (uint64_t)i);
		p->identity.stroke_um = i == 2 ? PW_UNKNOWN_U16 : 3500;
		pen_attach(&w, p, WORLD_NOW_US + i);
		pen_attach(&w, p, WORLD_NOW_US + 100 + i);
		pen_done(p);
	}
	assert_int_equal(db_load_pens(w.db, &rows, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(rows[1].serial, "INVENTED-2");
	assert_string_equal(rows[1].manufacturer, "Nobody");
	assert_string_equal(rows[1].model, "Invention");
	assert_string_equal(rows[1].firmware, "0.1");
	assert_int_equal(rows[1].stroke_um, PW_UNKNOWN_U16);
	assert_int_equal(rows[2].stroke_um, 3500);
	assert_int_equal(rows[2].depth_source, PW_DEPTH_SENSOR);
	assert_int_equal(rows[2].first_seen_us, WORLD_NOW_US + 3);
	assert_int_equal(rows[2].last_seen_us, WORLD_NOW_US + 103);
	assert_true(rows[2].has_log);
	free(rows);
	/* as one whose records stippled numbers itself */
	world_tamper(&w, "UPDATE log SET kept = 0 WHERE pen = 2");
	assert_int_equal(db_load_pens(w.db, &rows, &n), 0);
	assert_true(rows[0].has_log && !rows[1].has_log);
	free(rows);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(created_and_opened_again, setup, teardown),
		cmocka_unit_test_setup_teardown(every_table_is_strict, setup_created, teardown),
		cmocka_unit_test_setup_teardown(database_without_key, setup_created, teardown),
		cmocka_unit_test_setup_teardown(key_without_database, setup_created, teardown),
		cmocka_unit_test_setup_teardown(empty_file, setup_created, teardown),
		cmocka_unit_test_setup_teardown(not_a_database, setup_created, teardown),
		cmocka_unit_test_setup_teardown(another_program_s, setup_created, teardown),
		cmocka_unit_test_setup_teardown(cut_short, setup_created, teardown),
		cmocka_unit_test_setup_teardown(newer_version, setup_created, teardown),
		cmocka_unit_test_setup_teardown(missing_tables, setup_created, teardown),
		cmocka_unit_test_setup_teardown(head_does_not_hold, setup_created, teardown),
		cmocka_unit_test_setup_teardown(key_of_another_database, setup_created, teardown),
		cmocka_unit_test_setup_teardown(key_that_others_can_read, setup_created, teardown),
		cmocka_unit_test_setup_teardown(second_daemon, setup_created, teardown),
		cmocka_unit_test_setup_teardown(no_place_to_write, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_check_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(check_finds_damage, setup_created, teardown),
		cmocka_unit_test_setup_teardown(rubbish_of_a_cut_creation, setup, teardown),
		cmocka_unit_test_setup_teardown(creation_between_two_names, setup_created,
						teardown),
		cmocka_unit_test_setup_teardown(creation_cut_off_anywhere, NULL, teardown),
		cmocka_unit_test_setup_teardown(creation_killed, NULL, teardown),
		cmocka_unit_test_setup_teardown(setting_follows_the_zone, setup_created, teardown),
		cmocka_unit_test_setup_teardown(migrates_after_a_backup, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_migration_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(pens_are_loaded, setup_created, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
