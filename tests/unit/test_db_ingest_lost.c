/* SPDX-License-Identifier: MIT */
/* Runs of which something is missing: what was lost, and that it is said. */
#include "ingest_world.h"

static void ring_overwrote(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 2000, 100); /* 1 start, 2..21 cycles, 22 end */
	pen_run(&p, 2, 1000, 100);
	pen_attach(&w, &p, AT);
	assert_int_equal(pen_send(&w, &p, 0, 5, AT), 0);
	msg = ingest_msg(&p, 10, p.next_seq, AT); /* 5..9 are gone: cycles 300..799 */
	msg.ingest.avail_seq = 10;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "loss", "first_seq = 5 AND next_seq = 10"), 1);
	assert_int_equal(
		count_of(&w, "runs",
			 "id = 1 AND lost_cycles = 500 AND NOT complete AND gaps = '[[300,500]]'"),
		1);
	assert_int_equal(count_of(&w, "runs", "id = 2 AND complete"), 1);
	assert_int_equal(world_int(&w, "SELECT cycles FROM run WHERE id = 1"), 1500);
	assert_int_equal(count_of(&w, "finding", "true"),
			 0); /* the totals agree as far as they can */
	world_verify(&w);
}

/* A log first read when its oldest records are gone: the run in progress has lost its start. */
static void start_overwritten(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 2000, 100);
	pen_run(&p, 2, 700, 100);
	pen_attach(&w, &p, AT);
	msg = ingest_msg(&p, 12, p.next_seq, AT); /* from cycle 1000 on */
	msg.ingest.avail_seq = 12;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "runs",
				  "id = 1 AND state = 'ended' AND cycles = 1000 AND lost_cycles = "
				  "1000 AND gaps "
				  "= '[[0,1000]]' AND NOT complete"),
			 1);
	/* the end says how long it was on: the start is found again */
	assert_int_equal(world_int(&w, "SELECT tick_start_us FROM run WHERE id = 1"), 1000);
	assert_int_equal(count_of(&w, "runs", "id = 2 AND complete"), 1);
	world_verify(&w);
}

/* Only the end is left of a run. */
static void only_the_end(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 300, 100);
	pen_attach(&w, &p, AT);
	msg = ingest_msg(&p, 5, 6, AT);
	msg.ingest.avail_seq = 5;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "runs",
				  "cycles = 0 AND lost_cycles = 300 AND gaps = '[[0,300]]' AND "
				  "state = 'ended'"),
			 1);
	world_verify(&w);
}

/* The last cycles of a run are lost with its end: the next run's start cuts it. */
static void cut_by_next_start(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_cycles(&p, 1, 100, 100);
	pen_run(&p, 2, 150, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 2, AT);
	assert_int_equal(count_of(&w, "runs",
				  "id = 1 AND state = 'cut' AND cycles = 200 AND NOT complete AND "
				  "on_time_s IS NULL"),
			 1);
	assert_int_equal(count_of(&w, "runs", "id = 2 AND complete"), 1);
	world_verify(&w);
}

static void cut_by_boot(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	p.boot = 2;
	pen_boot(&p);
	pen_run(&p, 2, 150, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(
		count_of(&w, "runs", "id = 1 AND state = 'cut' AND boot = 1 AND cycles = 100"), 1);
	assert_int_equal(count_of(&w, "runs", "id = 2 AND state = 'ended' AND boot = 2"), 1);
	world_verify(&w);
}

static void end_says_more_cycles(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_run_end(&p, 1, 180, 1000);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(count_of(&w, "runs",
				  "cycles = 100 AND lost_cycles = 80 AND gaps = '[[100,80]]' AND "
				  "NOT complete"),
			 1);
	world_verify(&w);
}

/* A pen whose every second cycle is missing: the gaps are bounded, what is lost is still right. */
static void many_gaps(void **state)
{
	const uint32_t pairs = LIMIT_RUN_GAPS + 50;

	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	for (uint32_t i = 0; i < pairs; i++)
		pen_cycles(&p, 1, 2 * i, 1);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 333, AT);
	world_close(&w); /* and it is rebuilt the same */
	world_reopen(&w);
	pen_run_end(&p, 1, 2 * pairs, 1000);
	assert_int_equal(pen_send(&w, &p, p.next_seq - 1, p.next_seq, AT), 0);
	assert_int_equal(count_of(&w, "runs", "state = 'ended'"), 1);
	assert_int_equal(world_int(&w, "SELECT lost_cycles FROM run"), pairs);
	assert_int_equal(world_int(&w, "SELECT cycles FROM run"), pairs);
	assert_int_equal(world_int(&w, "SELECT json_array_length(gaps) FROM run"), LIMIT_RUN_GAPS);
	world_verify(&w);
}

/* A pen without a log of its own: nobody knows what was not heard. */
static void unlogged_runs_say_so(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 50);
	pen_run_start(&p, 2);
	msg = attach_msg(&p, AT);
	msg.attach.has_log = false;
	assert_int_equal(world_apply(&w, &msg), 0);
	p.pen = msg.attach.pen;
	p.log = msg.attach.log;
	pen_drain(&w, &p, 0, 3, AT);
	world_close(&w);
	world_reopen(&w);
	assert_int_equal(count_of(&w, "log", "kept = 0"), 1);
	assert_int_equal(count_of(&w, "runs", "completeness = 'unlogged' AND NOT complete"), 2);
	assert_int_equal(
		count_of(&w, "runs", "state = 'ended' AND lost_cycles = 0 AND cycles = 100"), 1);
	pen_run_start(&p, 3);
	assert_int_equal(pen_send(&w, &p, p.next_seq - 1, p.next_seq, AT), 0);
	assert_int_equal(count_of(&w, "runs", "completeness = 'unlogged'"), 3);
	world_verify(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ring_overwrote, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(start_overwritten, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(only_the_end, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(cut_by_next_start, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(cut_by_boot, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(end_says_more_cycles, ingest_setup,
						ingest_teardown),
		cmocka_unit_test_setup_teardown(many_gaps, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(unlogged_runs_say_so, ingest_setup,
						ingest_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
