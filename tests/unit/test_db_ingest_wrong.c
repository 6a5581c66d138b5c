/* SPDX-License-Identifier: MIT */
/* Records that contradict themselves or each other: kept, and said once. */
#include "ingest_world.h"

static void totals_differ(void **state)
{
	union pw_rec_body body = {
		.run_end = {.run = 1, .cycles = 100, .depth_count = 100, .depth_sum_um = 1}};

	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_add(&p, PW_REC_RUN_END, &body);
	pen_run_start(&p, 2); /* fewer than were sent */
	pen_cycles(&p, 2, 0, 100);
	pen_run_end(&p, 2, 50, p.tick_us);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(findings("run.totals"), 2);
	assert_int_equal(count_of(&w, "runs", "NOT complete AND state = 'ended' AND cycles = 100"),
			 2);
	assert_int_equal(
		world_int(
			&w,
			"SELECT detail ->> 'pen_cycles' FROM findings WHERE detail ->> 'run' = 2"),
		50);
	world_verify(&w);
}

/* Cycles of an index that was there before: kept as bytes, the run goes on. */
static void overlapping_cycles(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_cycles(&p, 1, 50, 100);
	pen_cycles(&p, 1, 60, 10);
	pen_cycles(&p, 1, 100, 100);
	pen_run_end(&p, 1, 200, 1000);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_run_holds(&w, 1, 1, 0, 200);
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), 2);
	assert_int_equal(findings("cycles.overlap"), 1); /* told once */
	assert_int_equal(count_of(&w, "runs", "complete"), 0);
	world_verify(&w);
}

static void repeated_run_number(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 5, 100, 100);
	pen_run(&p, 5, 100, 100);
	pen_run(&p, 4, 100, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(count_of(&w, "run", "true"), 3);
	assert_int_equal(findings("run.number"), 1);
	assert_int_equal(count_of(&w, "run", "flags & 8"), 2);
	world_verify(&w);
}

static void damaged_records(void **state)
{
	uint8_t payload[PW_REC_PAYLOAD_MAX];

	(void)state;
	memset(payload, 0xa5, sizeof(payload));
	pen_attach(&w, &p, AT);
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 100);
	pen_cycles(&p, 1, 100, 100);
	p.bytes.data[p.at[p.next_seq] - 5] ^= 1; /* the block's content: its CRC no longer holds */
	pen_cycles(&p, 1, 200, 100);
	pen_run_end(&p, 1, 300, 1000);
	pen_add_raw(&p, PW_REC_RUN_START, payload, 3); /* too short */
	pen_add_raw(&p, 77, payload, sizeof(payload)); /* a newer pen's */
	pen_add_raw(&p, 78, NULL, 0);
	pen_add_raw(&p, PW_REC_FAULT, "\1\7\0\0\0\0\0\0", 8); /* state 7 */
	p.tick_us = UINT64_MAX;				      /* an impossible tick */
	pen_add_raw(&p, PW_REC_BUTTON, "\0\1\0\0", 4);
	pen_add_raw(&p, 79, "x", 1);
	pen_drain(&w, &p, 0, 3, AT);
	assert_int_equal(count_of(&w, "events", "kind = 'unknown'"), 2);
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), 5);
	assert_int_equal(findings("record.bad"), 1);
	assert_int_equal(count_of(&w, "runs",
				  "cycles = 200 AND lost_cycles = 100 AND gaps = '[[100,100]]' AND "
				  "NOT complete"),
			 1);
	/* not a byte is gone */
	assert_int_equal(
		world_int(&w,
			  "SELECT length(data ->> 'bytes') FROM events WHERE data ->> 'type' = 77"),
		2 * (int64_t)(PW_REC_HEAD + sizeof(payload)));
	assert_int_equal(world_int(&w, "SELECT next_seq FROM cursor"), (int64_t)p.next_seq);
	world_verify(&w);
}

static void run_too_long(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 10);
	pen_cycles(&p, 1, LIMIT_RUN_CYCLES - 5, 10);
	pen_run_end(&p, 1, 10, 1000);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), 1);
	assert_int_equal(count_of(&w, "runs", "cycles = 10 AND NOT complete"), 1);
	world_verify(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(totals_differ, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(overlapping_cycles, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(repeated_run_number, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(damaged_records, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(run_too_long, ingest_setup, ingest_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
