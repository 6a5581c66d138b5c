/* SPDX-License-Identifier: MIT */
/* Records into runs: exactly once, however they are cut into messages and commits. */
#include "ingest_world.h"

static void whole_runs(void **state)
{
	static const uint32_t lengths[] = {1, 2, 511, 512, 513, 1024, 5000, 0};

	(void)state;
	pen_boot(&p);
	for (uint32_t i = 0; i < ELEMENTSOF(lengths); i++)
		pen_run(&p, i + 1, lengths[i], 100);
	assert_int_equal(pen_attach(&w, &p, AT), 0);
	pen_drain(&w, &p, 0, p.next_seq, AT);
	for (uint32_t i = 0; i < ELEMENTSOF(lengths); i++)
		assert_run_holds(&w, i + 1, i + 1, 0, lengths[i]);
	assert_int_equal(count_of(&w, "runs", "complete AND state = 'ended'"), ELEMENTSOF(lengths));
	assert_int_equal(count_of(&w, "finding", "true"), 0);
	assert_int_equal(count_of(&w, "tail", "true"), 0);
	assert_int_equal(world_verify(&w).runs, ELEMENTSOF(lengths));
}

/* Whatever the messages' borders and the commits between: the same rows, but for entries' own
 * times. */
static void borders_do_not_matter(void **state)
{
	static const uint64_t pieces[] = {1, 2, 3, 7, 50, 1000};
	int64_t blocks = 0, digest = 0;

	(void)state;
	pen_boot(&p);
	for (uint32_t i = 1; i <= 5; i++)
		pen_run(&p, i, 300 * i * i, 37);
	for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
		if (i > 0) {
			world_done(&w);
			world_open(&w);
		}
		assert_int_equal(pen_attach(&w, &p, AT), 0);
		pen_drain(&w, &p, 0, pieces[i], AT);
		for (uint32_t run = 1; run <= 5; run++)
			assert_run_holds(&w, run, run, 0, 300 * run * run);
		world_verify(&w);
		if (i == 0) {
			blocks = world_int(&w, "SELECT count(*) FROM block");
			digest = world_int(
				&w, "SELECT sum(length(hist) + freq_sq %% 1000003) FROM run");
		}
		assert_int_equal(world_int(&w, "SELECT count(*) FROM block"), blocks);
		assert_int_equal(
			world_int(&w, "SELECT sum(length(hist) + freq_sq %% 1000003) FROM run"),
			digest);
	}
}

static void nothing_twice(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 2000, 100);
	pen_run(&p, 2, 2000, 100);
	pen_attach(&w, &p, AT);
	assert_int_equal(pen_send(&w, &p, 0, 10, AT), 0);
	assert_int_equal(pen_send(&w, &p, 0, 10, AT), 0);  /* all of it again */
	assert_int_equal(pen_send(&w, &p, 5, 15, AT), 0);  /* half of it */
	assert_int_equal(pen_send(&w, &p, 14, 15, AT), 0); /* the last one */
	pen_drain(&w, &p, 3, 17, AT);
	assert_run_holds(&w, 1, 1, 0, 2000);
	assert_run_holds(&w, 2, 2, 0, 2000);
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), (int64_t)p.next_seq);
	assert_int_equal(count_of(&w, "event", "true"), 1);
	world_verify(&w);
}

static void cursor_has_the_last_crc(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 200, 100);
	msg = attach_msg(&p, AT);
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_false(msg.attach.have_crc);
	p.pen = msg.attach.pen;
	p.log = msg.attach.log;
	assert_int_equal(pen_send(&w, &p, 0, 3, AT), 0);
	assert_int_equal(pen_send(&w, &p, 1, 3, AT), 0); /* known ones do not move it */
	world_close(&w);
	world_reopen(&w);
	msg = attach_msg(&p, AT);
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_true(msg.attach.have_crc);
	assert_int_equal(msg.attach.next_seq, 3);
	assert_int_equal(msg.attach.crc,
			 pw_rec_crc(2, (uint8_t *)p.bytes.data + p.at[2], p.at[3] - p.at[2]));
}

static void hole_is_refused(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 2000, 100);
	pen_attach(&w, &p, AT);
	assert_int_equal(pen_send(&w, &p, 0, 5, AT), 0);
	msg = ingest_msg(&p, 7, 10, AT);
	assert_int_equal(world_apply(&w, &msg), -EILSEQ);
	assert_int_equal(msg.ingest.next_seq, 5);
	msg.ingest.avail_seq = 6; /* record 6 is still there: only 5 would be lost */
	assert_int_equal(world_apply(&w, &msg), -EILSEQ);
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), 5);
	assert_int_equal(count_of(&w, "loss", "true"), 0);
	world_verify(&w);
}

/* Open runs are listed as of the last commit, and rebuilt after it. */
static void open_run_is_durable(void **state)
{
	uint64_t at = 0;

	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, AT);
	pen_run_start(&p, 1);
	for (uint32_t i = 0; i < 1500; i += 30) {
		pen_cycles(&p, 1, i, 30);
		assert_int_equal(pen_send(&w, &p, at, p.next_seq, AT), 0);
		at = p.next_seq;
		if (i % 450 == 0) {
			world_close(&w);
			world_reopen(&w);
		}
		assert_run_holds(&w, 1, 1, 0, i + 30);
		assert_int_equal(count_of(&w, "runs",
					  "state = 'open' AND \"end\" IS NULL AND entry IS NULL"),
				 1);
		assert_int_equal(world_verify(&w).open_runs, 1);
	}
	/* tail rows stay few: a block replaces its pieces */
	assert_true(count_of(&w, "tail", "true") < 2 + 512 / 30 + 1);
	pen_run_end(&p, 1, 1500, 1000);
	assert_int_equal(pen_send(&w, &p, at, p.next_seq, AT), 0);
	assert_run_holds(&w, 1, 1, 0, 1500);
	assert_int_equal(count_of(&w, "runs", "complete"), 1);
	assert_int_equal(count_of(&w, "tail", "true"), 0);
	world_verify(&w);
}

/* After a rollback in the middle of a run the next attempt starts from what was committed. */
static void rollback_restores(void **state)
{
	struct db_msg msg;
	bool failed;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 3000, 50);
	pen_run(&p, 2, 600, 50);
	pen_attach(&w, &p, AT);
	for (uint64_t at = 0; at < p.next_seq; at += 4) {
		uint64_t end = MIN(at + 4, p.next_seq);

		/* twice in vain, with more than there is to be the second time */
		for (int i = 1; i <= 2; i++) {
			msg = ingest_msg(&p, at, MIN(at + 4 * (uint64_t)i * 5, p.next_seq), AT);
			assert_int_equal(store_begin(w.s), 0);
			assert_int_equal(store_apply(w.s, &msg, false, &failed), 0);
			store_rollback(w.s);
		}
		assert_int_equal(pen_send(&w, &p, at, end, AT), 0);
	}
	assert_run_holds(&w, 1, 1, 0, 3000);
	assert_run_holds(&w, 2, 2, 0, 600);
	assert_int_equal(count_of(&w, "runs", "complete"), 2);
	world_verify(&w);
}

static void message_must_be_whole(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 50);
	pen_attach(&w, &p, AT);
	msg = ingest_msg(&p, 0, 3, AT);
	msg.ingest.len--;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = ingest_msg(&p, 0, 3, AT);
	msg.ingest.count++;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = ingest_msg(&p, 0, 3, AT);
	msg.ingest.first_seq = UINT64_MAX - 1;
	msg.ingest.avail_seq = UINT64_MAX - 1;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = ingest_msg(&p, 0, 3, AT);
	msg.ingest.pen++;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = ingest_msg(&p, 0, 3, AT);
	msg.ingest.log++;
	assert_int_equal(world_apply(&w, &msg), -ENOENT);
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), 0);
	world_verify(&w);
}

/* When the database refuses a message, its records are kept as bytes and the cursor moves on. */
static void raw_keeps_bytes(void **state)
{
	struct db_msg msg;
	bool failed;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 50);
	pen_attach(&w, &p, AT);
	msg = ingest_msg(&p, 0, p.next_seq, AT);
	assert_int_equal(store_begin(w.s), 0);
	assert_int_equal(store_apply(w.s, &msg, true, &failed), 0);
	assert_int_equal(store_commit(w.s), 0);
	assert_int_equal(msg.ingest.next_seq, p.next_seq);
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), (int64_t)p.next_seq);
	assert_int_equal(count_of(&w, "run", "true"), 0);
	assert_int_equal(findings("record.bad"), 1);
	world_verify(&w);
}

static void two_logs_two_pens(void **state)
{
	struct test_pen *other = calloc(1, sizeof(*other));

	(void)state;
	pen_init(other, "INVENTED-2", p.identity.log_id); /* the same log_id by accident */
	pen_boot(&p);
	pen_boot(other);
	pen_run(&p, 1, 1000, 50);
	pen_run(other, 1, 900, 50);
	pen_attach(&w, &p, AT);
	pen_attach(&w, other, AT);
	for (uint64_t i = 0; i < p.next_seq; i += 2) { /* their messages alternate */
		assert_int_equal(pen_send(&w, &p, i, MIN(i + 2, p.next_seq), AT), 0);
		if (i < other->next_seq)
			assert_int_equal(pen_send(&w, other, i, MIN(i + 2, other->next_seq), AT),
					 0);
	}
	assert_run_holds(&w, 1, 1, 0, 1000);
	assert_run_holds(&w, 2, 1, 0, 900);
	assert_int_equal(count_of(&w, "runs", "complete"), 2);
	world_verify(&w);
	pen_done(other);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_runs, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(borders_do_not_matter, ingest_setup,
						ingest_teardown),
		cmocka_unit_test_setup_teardown(nothing_twice, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(cursor_has_the_last_crc, ingest_setup,
						ingest_teardown),
		cmocka_unit_test_setup_teardown(hole_is_refused, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(open_run_is_durable, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(rollback_restores, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(message_must_be_whole, ingest_setup,
						ingest_teardown),
		cmocka_unit_test_setup_teardown(raw_keeps_bytes, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(two_logs_two_pens, ingest_setup, ingest_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
