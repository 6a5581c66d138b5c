/* SPDX-License-Identifier: MIT */
/* client.erase: what identifies a client is gone from the rows and from the bytes of all files, and
 * the chain is whole. */
#include <poll.h>

#include "change_world.h"

#define CLIENTS 60
#define ERASED	7

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	change_done();
	world_done(&w);
	return 0;
}

/* How often @token stands in one of the record's files, capital or small. */
static size_t count_in_file(const char *path, const char *suffix, const char *token)
{
	char name[160];
	size_t n = 0, len = strlen(token);
	FILE *f;
	char *data;
	long size;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "rb");
	if (!f)
		return 0;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = malloc((size_t)size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)size, f), (size_t)size);
	fclose(f);
	for (long i = 0; i + (long)len <= size; i++)
		n += strncasecmp(data + i, token, len) == 0;
	free(data);
	return n;
}

static size_t count_bytes(const char *token)
{
	return count_in_file(w.path, "", token) + count_in_file(w.path, "-wal", token) +
	       count_in_file(w.path, "-shm", token) + count_in_file(w.path, "-journal", token);
}

/* Values of client @i, each with a word that nothing else has; of all sizes, up to some that take a
 * page of their own. */
static void make_text(char *out, size_t size, unsigned i, unsigned round)
{
	size_t len = (size_t)snprintf(out, size, "secret%03uword round %u ", i, round);

	while (len + 1 < MIN(size, (size_t)(20 + (i * 97 + round * 389) % 3500))) {
		out[len] = (char)('a' + (i + len) % 26);
		len++;
	}
	snprintf(out + len, size - len, " secret%03uend", i);
}

/* A name and a reason are shorter than a note. */
static void fill_record(void)
{
	char number[32], name[64], note[4096], reference[32], reason[64];

	for (unsigned i = 1; i <= CLIENTS; i++) {
		snprintf(number, sizeof(number), "no-secret%03uword", i);
		snprintf(name, sizeof(name), "Name secret%03uword", i);
		make_text(note, sizeof(note), i, 0);
		snprintf(reference, sizeof(reference), "r-%u", i);
		change(&w, "client.add", "number", number, "name", name, "birth_date", "1990-01-02",
		       "note", note, "request_id", reference, NULL);
	}
	for (unsigned round = 1; round <= 6; round++)
		for (unsigned i = 1 + round % 2; i <= CLIENTS; i += 2) {
			snprintf(reference, sizeof(reference), "#%u", i);
			snprintf(reason, sizeof(reason), "because of secret%03uword", i);
			make_text(note, sizeof(note), i, round);
			change(&w, "client.change", "client", reference, "note", note, "reason",
			       reason, NULL);
		}
}

static void nothing_is_left(void **state)
{
	char reference[32], word[32], end[32], others[32];
	size_t before;

	(void)state;
	fill_record();
	snprintf(reference, sizeof(reference), "#%d", ERASED);
	snprintf(word, sizeof(word), "secret%03dword", ERASED);
	snprintf(end, sizeof(end), "secret%03dend", ERASED);
	snprintf(others, sizeof(others), "secret%03dword", ERASED + 1);
	assert_true(count_bytes(word) > 5);
	assert_true(count_bytes(end) > 2);
	before = count_bytes(others);
	change(&w, "client.erase", "client", reference, "reason", "asked for it", "dry_run", "true",
	       NULL);
	assert_answer("\"values\":");
	assert_true(count_bytes(word) > 5);
	change(&w, "client.erase", "client", reference, "reason", "asked for it", NULL);
	assert_int_equal(count_bytes(word), 0);
	assert_int_equal(count_bytes(end), 0);
	assert_true(count_bytes(others) > 2 && before > 2);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM client WHERE erased_us IS NOT NULL"),
			 1);
	/* Why stays, and that there was something to erase. */
	assert_string_equal(
		world_text(&w,
			   "SELECT value FROM personal WHERE entry = (SELECT max(seq) FROM entry)"),
		"asked for it");
	assert_true(world_verify(&w).erased >= 4 + 2 * 3);
	assert_int_equal(refused(&w, "client.erase", "client", reference, "reason", "again", NULL),
			 REFUSE_CONFLICT);
	assert_says("was erased already");
	/* Its number is free again, its request_id is not. */
	snprintf(others, sizeof(others), "no-secret%03dword", ERASED);
	assert_int_equal(refused(&w, "client.add", "number", others, "request_id", "r-7", NULL),
			 REFUSE_CONFLICT);
	change(&w, "client.add", "number", others, NULL);
}

/* All of them, in an order that leaves holes everywhere. */
static void nothing_is_left_of_any(void **state)
{
	char reference[32];

	(void)state;
	fill_record();
	for (unsigned i = 1; i <= CLIENTS; i++) {
		snprintf(reference, sizeof(reference), "#%u", 1 + i * 37 % CLIENTS);
		change(&w, "client.erase", "client", reference, "reason", "asked for it", NULL);
	}
	assert_int_equal(count_bytes("secret"), 0);
	world_verify(&w);
}

static void hold_and_retention_refuse(void **state)
{
	(void)state;
	change(&w, "client.add", "number", "1001", NULL);
	change(&w, "client.hold", "client", "1001", "reason", "a court asks", NULL);
	assert_int_equal(
		refused(&w, "client.erase", "client", "1001", "reason", "asked for it", NULL),
		REFUSE_CONFLICT);
	assert_says("under legal hold");
	change(&w, "client.release", "client", "1001", "reason", "it is over", NULL);
	assert_int_equal(refused(&w, "client.erase", "client", "1001", NULL), REFUSE_MISSING);
	/* a session of last year: kept for three */
	change(&w, "practitioner.add", "name", "Mara Muster", NULL);
	change(&w, "session.add", "client", "1001", "practitioner", "mara", "start",
	       "2025-11-01T09:00:00Z", "end", "2025-11-01T11:00:00Z", "kind", "consultation",
	       "note", "of the client", "reason", "was on paper", NULL);
	assert_int_equal(
		refused(&w, "client.erase", "client", "1001", "reason", "asked for it", NULL),
		REFUSE_CONFLICT);
	assert_says("must be kept until 2028-11-01");
	/* One year is over. */
	world_close(&w);
	{
		struct db_options options = world_options(&w, false);
		struct db_problem problem = {0};

		options.retention_years = 1;
		assert_int_equal(db_open(&w.db, &options, &problem), 0);
		w.s = &w.db->writer->store;
	}
	change(&w, "client.erase", "client", "1001", "reason", "asked for it", NULL);
	assert_answer("\"sessions\":1");
	assert_int_equal(world_int(&w, "SELECT count(*) FROM personal WHERE field = 'note'"), 0);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM session"), 1);
	world_verify(&w);
}

/* ---- with a reader in the way ---- */

static size_t n_done;

static void on_done(struct db_msg *msg, void *ctx)
{
	(void)msg;
	(void)ctx;
	n_done++;
}

static void wait_for(size_t n)
{
	while (n_done < n) {
		struct pollfd fd = {.fd = db_fd(w.db), .events = POLLIN};

		assert_int_equal(poll(&fd, 1, 60000), 1);
		db_dispatch(w.db);
	}
}

/* The log cannot be emptied while somebody reads an older state; it is as soon as that one ends. */
static void readers_only_delay_it(void **state)
{
	sqlite3 *handle;
	struct db_msg *msg;

	(void)state;
	change(&w, "client.add", "number", "secretword", NULL);
	n_done = 0;
	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	assert_int_equal(
		sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM entry", NULL, NULL, NULL),
		SQLITE_OK);
	msg = change_msg("client.erase", "client", "#1", "reason", "asked for it", NULL);
	msg->done = on_done;
	assert_int_equal(db_start(w.db), 0);
	db_submit(w.db, msg);
	wait_for(1);
	assert_int_equal(msg->result, 0);
	assert_true(count_bytes("secretword") > 0);
	sqlite3_close(handle);
	/* no further message is needed: the writer tries by itself */
	for (int i = 0; i < 6000 && count_bytes("secretword") > 0; i++)
		usleep(10000);
	assert_int_equal(count_bytes("secretword"), 0);
	db_change_msg_free(msg);
}

/* A crash between the commit and the emptying of the log: the next start does it. */
static void the_next_start_does_it_too(void **state)
{
	struct world copy;
	char command[512];
	sqlite3 *handle;

	(void)state;
	change(&w, "client.add", "number", "secretword", NULL);
	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	assert_int_equal(
		sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM entry", NULL, NULL, NULL),
		SQLITE_OK);
	change(&w, "client.erase", "client", "#1", "reason", "asked for it", NULL);
	/* the files as they are now, under another name */
	copy = w;
	snprintf(copy.path, sizeof(copy.path), "%s/copy.db", w.dir);
	snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", w.path, copy.path,
		 w.path, copy.path);
	assert_int_equal(system(command), 0);
	sqlite3_close(handle);
	assert_true(count_in_file(copy.path, "", "secretword") +
			    count_in_file(copy.path, "-wal", "secretword") >
		    0);
	world_reopen(&copy);
	assert_int_equal(count_in_file(copy.path, "", "secretword") +
				 count_in_file(copy.path, "-wal", "secretword"),
			 0);
	world_close(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_left_of_any, setup, teardown),
		cmocka_unit_test_setup_teardown(hold_and_retention_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(readers_only_delay_it, setup, teardown),
		cmocka_unit_test_setup_teardown(the_next_start_does_it_too, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
