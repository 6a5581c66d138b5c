/* SPDX-License-Identifier: MIT */
/* The writer's thread: group commit, completions, a disk that fails, a crash anywhere. */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include "db_world.h"
#include "killed_child.h"

#define AT WORLD_NOW_US

static struct world w;
static struct test_pen p;

/* What came back, in order. */
static struct db_msg *done[256];
static size_t n_done;
static int64_t told_entry;
static int times_told;

static void on_done(struct db_msg *msg, void *ctx)
{
	assert_ptr_equal(ctx, &w);
	assert_true(n_done < ELEMENTSOF(done));
	done[n_done++] = msg;
}

static void on_entries(int64_t last_entry, void *ctx)
{
	(void)ctx;
	assert_true(last_entry >= told_entry); /* the same again when a run began, which is no entry yet */
	told_entry = last_entry;
	times_told++;
}

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	n_done = 0;
	told_entry = 0;
	times_told = 0;
	db_on_entries(w.db, on_entries, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

static void submit(struct db_msg *msg)
{
	msg->done = on_done;
	msg->ctx = &w;
	db_submit(w.db, msg);
}

/* Waits for completions, not for a time. */
static void wait_for(size_t n)
{
	while (n_done < n) {
		struct pollfd fd = {.fd = db_fd(w.db), .events = POLLIN};

		if (poll(&fd, 1, 60000) != 1)
			fail_msg("%zu of %zu messages came back", n_done, n);
		db_dispatch(w.db);
	}
}

static void attach_first(void)
{
	struct db_msg msg = attach_msg(&p, AT);

	msg.urgent = true;
	submit(&msg);
	wait_for(1);
	assert_int_equal(msg.result, 0);
	p.pen = msg.attach.pen;
	p.log = msg.attach.log;
	n_done = 0;
}

static void messages_come_back_in_order(void **state)
{
	struct db_msg msg[40];
	struct db_health health;

	(void)state;
	pen_boot(&p);
	for (uint32_t i = 1; i <= 4; i++)
		pen_run(&p, i, 500, 60);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	for (size_t i = 0; i < 40; i++) {
		msg[i] = ingest_msg(&p, MIN(i, p.next_seq - 1), MIN(i + 1, p.next_seq), AT);
		msg[i].urgent = i == 39;
		submit(&msg[i]);
	}
	wait_for(40);
	for (size_t i = 0; i < 40; i++) {
		assert_ptr_equal(done[i], &msg[i]);
		assert_int_equal(msg[i].result, 0);
		assert_true(i == 0 || msg[i].last_entry >= msg[i - 1].last_entry);
	}
	assert_int_equal(msg[39].ingest.next_seq, p.next_seq < 40 ? p.next_seq : 40);
	assert_int_equal(told_entry, msg[39].last_entry);
	db_get_health(w.db, &health);
	assert_int_equal(health.error, 0);
	assert_int_equal(health.queued, 0);
	assert_int_equal(health.last_entry, told_entry);
	assert_int_equal(health.records, MIN(p.next_seq, (uint64_t)40));
	assert_true(health.commits >= 2);
	assert_true(health.file_bytes > 0);
	assert_int_equal(world_int(&w, "SELECT max(seq) FROM entry"), told_entry);
	world_close(&w);
	world_verify(&w);
}

/* What is not urgent waits for company, but not for ever; closing does not wait and loses nothing.
 */
static void closing_commits(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 60);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	msg = ingest_msg(&p, 0, p.next_seq, AT);
	submit(&msg);
	world_close(&w);
	assert_int_equal(n_done, 1);
	assert_int_equal(msg.result, 0);
	world_reopen(&w);
	assert_run_holds(&w, 1, 1, 0, 500);
}

static void lazy_ones_are_committed_too(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	msg = ingest_msg(&p, 0, 1, AT);
	submit(&msg);
	wait_for(1); /* COMMIT_DELAY_US later, of itself */
	assert_int_equal(msg.result, 0);
	assert_int_equal(count_of(&w, "event", "true"), 1);
}

static void own_errors_do_not_disturb_others(void **state)
{
	struct db_msg msg[5];

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 60);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	msg[0] = ingest_msg(&p, 0, 2, AT);
	msg[1] = ingest_msg(&p, 5, 7, AT); /* a hole */
	msg[2] = ingest_msg(&p, 2, 4, AT);
	msg[3] = (struct db_msg){.op = DB_FINDING,
				 .finding = {.pen = 77, .kind = "clock.jump", .at_us = AT}};
	msg[4] = ingest_msg(&p, 4, 6, AT);
	msg[4].urgent = true;
	for (int i = 0; i < 5; i++)
		submit(&msg[i]);
	wait_for(5);
	assert_int_equal(msg[0].result, 0);
	assert_int_equal(msg[1].result, -EILSEQ);
	assert_int_equal(msg[2].result, 0);
	assert_int_equal(msg[3].result, -ENOENT);
	assert_int_equal(msg[4].result, 0);
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), 6);
}

/* A record that the database will not take, whatever it is: its bytes are kept, the others' are as
 * if it had not been there. */
static void poison_is_kept_as_bytes(void **state)
{
	struct test_pen *other = calloc(1, sizeof(*other));
	struct db_msg msg[4];

	(void)state;
	pen_init(other, "INVENTED-2", 5);
	pen_boot(&p);
	pen_run(&p, 1, 500, 60);
	pen_boot(other);
	pen_run(other, 9, 700, 60);
	pen_attach(&w, &p, AT);
	pen_attach(&w, other, AT);
	/* as a bug of ours would: no run of pen 1 can be stored */
	world_tamper(&w, "CREATE UNIQUE INDEX poison ON run (iif(number = 1, 'none', id));"
			 "INSERT INTO run (pen, log, number, boot, state, flags, first_seq, "
			 "last_seq, tick_start_us, tick_end_us,"
			 " depth_source, lost_cycles, cycles, entry) VALUES (1, 1, 1, 0, 2, 0, -2, "
			 "-1, 0, 0, 0, 0, 0, 1)");
	assert_int_equal(db_start(w.db), 0);
	msg[0] = ingest_msg(&p, 0, p.next_seq, AT);
	msg[1] = ingest_msg(other, 0, 5, AT);
	msg[2] = (struct db_msg){.op = DB_FINDING,
				 .finding = {.pen = p.pen, .kind = "clock.jump", .at_us = AT}};
	msg[3] = ingest_msg(other, 5, other->next_seq, AT);
	msg[3].urgent = true;
	for (int i = 0; i < 4; i++)
		submit(&msg[i]);
	wait_for(4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(msg[i].result, 0);
	assert_int_equal(count_of(&w, "event", "kind = 'bad' AND pen = 1"), (int64_t)p.next_seq);
	assert_int_equal(count_of(&w, "runs", "pen = 'INVENTED-2' AND complete AND cycles = 700"),
			 1);
	assert_int_equal(count_of(&w, "finding", "kind = 'clock.jump'"), 1);
	assert_int_equal(count_of(&w, "finding", "kind = 'record.bad'"), 1);
	pen_done(other);
	free(other);
}

/* And when not even its bytes can be kept, the sender gets the error and the cursor stays. */
static void hopeless_message_goes_back(void **state)
{
	struct db_msg msg[3];

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 60);
	pen_attach(&w, &p, AT);
	world_tamper(&w, "CREATE UNIQUE INDEX poison ON event (kind IN ('boot', 'bad'));"
			 "INSERT INTO event VALUES (1, 1, 1, -1, 0, 0, 'boot', '{}', 0, 0, 0, 0)");
	assert_int_equal(db_start(w.db), 0);
	msg[0] = ingest_msg(&p, 0, 3, AT);
	msg[1] = (struct db_msg){.op = DB_FINDING,
				 .finding = {.pen = p.pen, .kind = "clock.jump", .at_us = AT}};
	msg[2] = ingest_msg(&p, 0, 3, AT);
	msg[2].urgent = true;
	for (int i = 0; i < 3; i++)
		submit(&msg[i]);
	wait_for(3);
	assert_int_equal(msg[0].result, -EINVAL);
	assert_int_equal(msg[1].result, 0);
	assert_int_equal(msg[2].result, -EINVAL);
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), 0);
	assert_int_equal(count_of(&w, "finding", "true"), 1);
}

/* ---- a disk that fails ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void wait_for_error(struct db_health *health)
{
	/* the writer tells nobody that it waits: asking is all there is */
	do {
		struct timespec pause = {.tv_nsec = 1000000};

		nanosleep(&pause, NULL);
		db_get_health(w.db, health);
	} while (health->error == 0);
}

static void full_disk_loses_nothing(void **state)
{
	struct db_msg msg[4], mark = {.op = DB_MARK, .urgent = true, .fail_fast = true}, late;
	struct db_health health;
	rlim_t size;
	struct stat st;
	char wal[128];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	pen_boot(&p);
	for (uint32_t i = 1; i <= 4; i++)
		pen_run(&p, i, 5000, 100);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	snprintf(wal, sizeof(wal), "%s-wal", w.path);
	assert_int_equal(stat(wal, &st), 0);
	size = (rlim_t)st.st_size;
	limit_files(size + 3 * DB_PAGE_SIZE);
	for (uint64_t i = 0; i < 4; i++) {
		msg[i] = ingest_msg(&p, i * p.next_seq / 4, (i + 1) * p.next_seq / 4, AT);
		msg[i].urgent = true;
		submit(&msg[i]);
	}
	wait_for_error(&health);
	assert_true(health.error == -EIO || health.error == -ENOSPC);
	assert_true(health.text[0] != '\0');
	assert_true(health.since_us > 0);
	assert_true(health.queued > 0);
	/* who would rather know than wait is told */
	mark.mark = (struct db_mark){
		.pen = p.pen, .kind = "identify", .actor = {0, "somebody"}, .at_us = AT};
	submit(&mark);
	wait_for(1);
	assert_ptr_equal(done[0], &mark);
	assert_int_equal(mark.result, health.error);
	/* reads go on */
	assert_int_equal(count_of(&w, "pens", "true"), 1);
	limit_files(RLIM_INFINITY);
	late = attach_msg(&p, AT);
	late.urgent = true;
	submit(&late);
	wait_for(6);
	for (int i = 0; i < 4; i++)
		assert_int_equal(msg[i].result, 0);
	assert_int_equal(late.result, 0);
	assert_int_equal(late.attach.next_seq, p.next_seq);
	db_get_health(w.db, &health);
	assert_int_equal(health.error, 0);
	assert_int_equal(health.queued, 0);
	for (uint32_t i = 1; i <= 4; i++)
		assert_run_holds(&w, i, i, 0, 5000);
	assert_int_equal(count_of(&w, "mark", "true"), 0);
	world_close(&w);
	world_verify(&w);
}

/* Closed while the disk fails: the messages come back with the error, the record holds what it
 * held. */
static void closing_on_a_full_disk(void **state)
{
	struct db_msg msg;
	struct stat st;
	char wal[128];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	pen_boot(&p);
	pen_run(&p, 1, 30000, 100);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	snprintf(wal, sizeof(wal), "%s-wal", w.path);
	assert_int_equal(stat(wal, &st), 0);
	limit_files((rlim_t)st.st_size);
	msg = ingest_msg(&p, 0, p.next_seq, AT);
	submit(&msg);
	world_close(&w);
	assert_int_equal(n_done, 1);
	assert_true(msg.result == -EIO || msg.result == -ENOSPC);
	limit_files(RLIM_INFINITY);
	world_verify(&w);
	world_reopen(&w);
	assert_int_equal(pen_attach(&w, &p, AT), 0);
}

/* A database that somebody deletes or replaces is not written to as if nothing had happened. */
static void file_taken_away(void **state)
{
	struct db_msg msg;
	struct db_health health;
	char away[128];

	(void)state;
	pen_boot(&p);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	snprintf(away, sizeof(away), "%s.away", w.path);
	assert_int_equal(rename(w.path, away), 0);
	msg = ingest_msg(&p, 0, 1, AT);
	msg.urgent = true;
	submit(&msg);
	wait_for_error(&health);
	assert_int_equal(health.error, -ESTALE);
	assert_non_null(strstr(health.text, "moved"));
	assert_int_equal(n_done, 0);
	assert_int_equal(rename(away, w.path), 0);
	wait_for(1);
	assert_int_equal(msg.result, 0);
	assert_int_equal(count_of(&w, "event", "true"), 1);
}

/* ---- crashes ---- */

/* Reads on from the cursor; with a commit after each message. No threads: the tracer follows one.
 */
static void drain_some(void *arg)
{
	uint64_t at;

	(void)arg;
	world_reopen(&w);
	at = pen_attach(&w, &p, AT);
	pen_drain(&w, &p, at, 9, AT);
	world_close(&w);
}

static void killed_anywhere(void **state)
{
	unsigned long n = 1;
	uint32_t kills = 0;

	(void)state;
	world_close(&w);
	pen_boot(&p);
	for (uint32_t i = 1; i <= 6; i++)
		pen_run(&p, i, 137 * i, 45);
	/* each child goes on where the one before was killed; every call number is tried until one
	 * child gets through */
	while (killed_at_call(n, drain_some, NULL)) {
		kills++;
		n += 1 + n / 7;
		assert_int_equal(world_verify(&w).problem[0], '\0');
	}
	print_message("%u kills, the last before system call %lu\n", kills, n);
	assert_true(kills > 20);
	world_reopen(&w);
	assert_int_equal(pen_attach(&w, &p, AT), p.next_seq);
	for (uint32_t i = 1; i <= 6; i++)
		assert_run_holds(&w, i, i, 0, 137 * i);
	assert_int_equal(count_of(&w, "runs", "complete"), 6);
	assert_int_equal(count_of(&w, "event", "true"), 1);
	world_close(&w);
	world_verify(&w);
}

/* A copy of the files in the middle of the writer's work is a record like any other: what was
 * acknowledged is in it. */
static void copies_hold(void **state)
{
	struct db_msg msg;
	char command[500];
	uint64_t acknowledged = 0;

	(void)state;
	pen_boot(&p);
	for (uint32_t i = 1; i <= 8; i++)
		pen_run(&p, i, 700, 50);
	assert_int_equal(db_start(w.db), 0);
	attach_first();
	for (uint64_t at = 0; at < p.next_seq; at += 13) {
		struct world copy = w;
		struct db_options options;
		struct db_verify_report report;

		msg = ingest_msg(&p, at, MIN(at + 13, p.next_seq), AT);
		msg.urgent = true;
		n_done = 0;
		submit(&msg);
		wait_for(1);
		acknowledged = msg.ingest.next_seq;
		if (at % 39 != 0)
			continue;
		snprintf(copy.path, sizeof(copy.path), "%s/copy.db", w.dir);
		snprintf(command, sizeof(command), "cp %s %s && cp %s-wal %s-wal", w.path,
			 copy.path, w.path, copy.path);
		assert_int_equal(system(command), 0);
		options = world_options(&copy, true);
		if (db_verify(&options, &report, NULL, NULL) != 0)
			fail_msg("%s", report.problem);
		assert_int_equal(world_int(&copy, "SELECT next_seq FROM cursor"),
				 (int64_t)acknowledged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_come_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(lazy_ones_are_committed_too, setup, teardown),
		cmocka_unit_test_setup_teardown(own_errors_do_not_disturb_others, setup, teardown),
		cmocka_unit_test_setup_teardown(poison_is_kept_as_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(hopeless_message_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_on_a_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(file_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_hold, setup, teardown),
	};

#ifdef __SANITIZE_THREAD__
	cmocka_set_skip_filter("killed_anywhere"); /* its children have one thread */
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
