/* SPDX-License-Identifier: MIT */
/* Records into runs and events: exactly once, and whatever a pen's firmware does. */
#include "db_world.h"

#define AT WORLD_NOW_US

static struct world w;
static struct test_pen p;

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

static int64_t findings(const char *kind)
{
	return world_int(&w, "SELECT count(*) FROM finding WHERE kind = '%s'", kind);
}

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

static void typed_events(void **state)
{
	union pw_rec_body body;

	(void)state;
	pen_boot(&p);
	memset(&body, 0, sizeof(body));
	pw_text_put(body.cartridge.id, "CART-1");
	memcpy(body.cartridge.config, "0603RL", 6);
	pen_add(&p, PW_REC_CARTRIDGE_IN, &body);
	memset(&body, 0, sizeof(body));
	pen_add(&p, PW_REC_CARTRIDGE_OUT, &body);
	body.fault = (struct pw_rec_fault){.code = PW_FAULT_STALL, .state = 1, .value = -7};
	pen_add(&p, PW_REC_FAULT, &body);
	body.fault = (struct pw_rec_fault){.code = 200};
	pen_add(&p, PW_REC_FAULT, &body);
	body.button = (struct pw_rec_button){.button = 2, .action = PW_BUTTON_LONG};
	pen_add(&p, PW_REC_BUTTON, &body);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(
		count_of(&w, "events",
			 "kind = 'boot' AND data = '{\"firmware\":\"0.1\",\"reason\":\"power\"}'"),
		1);
	assert_int_equal(count_of(&w, "events",
				  "kind = 'cartridge.in' AND data = "
				  "'{\"config\":\"0603RL\",\"id\":\"CART-1\"}'"),
			 1);
	assert_int_equal(count_of(&w, "events", "kind = 'cartridge.out' AND data = '{}'"), 1);
	assert_int_equal(count_of(&w, "events",
				  "kind = 'fault' AND data = "
				  "'{\"code\":\"stall\",\"raised\":true,\"value\":-7}'"),
			 1);
	assert_int_equal(
		count_of(&w, "events", "data = '{\"code\":200,\"raised\":false,\"value\":0}'"), 1);
	assert_int_equal(
		count_of(&w, "events",
			 "kind = 'button' AND data = '{\"action\":\"long\",\"button\":2}'"),
		1);
	world_verify(&w);
}

static void send_counters(uint64_t cycles, uint64_t on_s, uint8_t bits)
{
	union pw_rec_body body = {.counters = {.cycles = cycles,
					       .motor_on_us = on_s * SECOND_US,
					       .cycles_bits = bits}};

	p.tick_us += SECOND_US;
	pen_add(&p, PW_REC_COUNTERS, &body);
	assert_int_equal(pen_send(&w, &p, p.next_seq - 1, p.next_seq, AT), 0);
}

static void counters_wrap_and_reset(void **state)
{
	const uint64_t full = UINT64_C(1) << 32;

	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, AT);
	assert_int_equal(pen_send(&w, &p, 0, 1, AT), 0);
	send_counters(full - 1000, 1000000, 32);
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), (int64_t)full - 1000);
	send_counters(full - 500, 1000005, 32);
	send_counters(4500, 1000050, 32); /* 5000 cycles in 45 s: it wrapped */
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), (int64_t)full + 4500);
	assert_int_equal(count_of(&w, "events", "data ->> 'wrapped' = 1"), 1);
	assert_int_equal(findings("counter.reset"), 0);
	send_counters(100, 2, 32); /* the motor's time went back too: begun anew */
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), (int64_t)full + 4600);
	assert_int_equal(count_of(&w, "events", "data ->> 'reset' = 1"), 1);
	assert_int_equal(findings("counter.reset"), 1);
	send_counters(50, 3, 32); /* 2^32 - 50 cycles in a second: no wrap */
	assert_int_equal(findings("counter.reset"), 2);
	send_counters(60, 4, 64); /* wider counter: fine */
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), (int64_t)full + 4660);
	send_counters(UINT64_MAX, 5, 64); /* no pen has lived that long */
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), 1);
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), (int64_t)full + 4660);
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

/* Measurements add up within their run, by quantity, over commits, restarts and rollbacks. */
static void measurements_add_up(void **state)
{
	struct db_msg msg;
	uint64_t at = 0;
	bool failed;

	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, AT);
	pen_run_start(&p, 1);
	for (int32_t i = 0; i < 10; i++) {
		pen_cycles(&p, 1, (uint32_t)i * 30, 30);
		pen_measure(&p, 1, PW_QUANTITY_VIBRATION, 10 + i, 40 - i);
		pen_measure(&p, 1, PW_QUANTITY_VOLTAGE, 7500, 7480);
		/* once in vain */
		msg = ingest_msg(&p, at, p.next_seq, AT);
		assert_int_equal(store_begin(w.s), 0);
		assert_int_equal(store_apply(w.s, &msg, false, &failed), 0);
		store_rollback(w.s);
		assert_int_equal(pen_send(&w, &p, at, p.next_seq, AT), 0);
		at = p.next_seq;
		if (i % 3 == 0) {
			world_close(&w);
			world_reopen(&w);
		}
		assert_int_equal(count_of(&w, "measurement", "run = 1 AND quantity = 4"), 1);
		assert_int_equal(
			count_of(&w, "measurements", "quantity = 'vibration' AND unit = 'mg'"), 1);
		world_verify(&w);
	}
	pen_run_end(&p, 1, 300, 1000);
	/* of a run whose other records were lost */
	pen_measure(&p, 2, 99, -5, 5);
	pen_run_start(&p, 3);
	assert_int_equal(pen_send(&w, &p, at, p.next_seq, AT), 0);
	assert_int_equal(count_of(&w, "measurements",
				  "run = 1 AND quantity = 'vibration' AND count = 20 AND min = 10 "
				  "AND max = 40"
				  " AND mean = 25.0 AND abs(sd - 10.8858) < 0.0001"),
			 1);
	assert_int_equal(count_of(&w, "measurements",
				  "run = 1 AND quantity = 'voltage' AND min = 7480 AND max = 7500 "
				  "AND sd = 10.0"),
			 1);
	assert_int_equal(
		count_of(
			&w, "measurements",
			"run = 2 AND quantity = '99' AND unit IS NULL AND mean = 0.0 AND sd = 5.0"),
		1);
	assert_int_equal(count_of(&w, "measurements", "true"), 3);
	assert_int_equal(count_of(&w, "runs", "id = 1 AND complete AND completeness = 'complete'"),
			 1);
	assert_int_equal(
		count_of(&w, "runs", "id = 2 AND NOT complete AND completeness = 'incomplete'"), 1);
	assert_int_equal(count_of(&w, "runs", "id = 3 AND NOT complete AND completeness = 'open'"),
			 1);
	world_verify(&w);
}

static void measurements_have_limits(void **state)
{
	union pw_rec_body body = {
		.measure = {.run = 1, .quantity = 1, .count = PW_MEASURE_COUNT_MAX}};
	uint32_t start;

	(void)state;
	pen_boot(&p);
	pen_run_start(&p, 1);
	start = 1000;
	for (uint8_t i = 0; i < LIMIT_RUN_MEASURES + 3; i++)
		pen_measure(&p, 1, (uint8_t)(250 - i), i, i);
	pen_run_end(&p, 1, 0, start);
	pen_run_start(&p, 2);
	body.measure.run = 2;
	pen_add(&p, PW_REC_MEASURE, &body);
	pen_measure(&p, 2, 1, 5, 5);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 4, AT);
	assert_int_equal(count_of(&w, "measurement", "run = 1"), LIMIT_RUN_MEASURES);
	assert_int_equal(count_of(&w, "measurement", "run = 2 AND count = 2147483647"), 1);
	/* What does not fit is kept as bytes. */
	assert_int_equal(count_of(&w, "events", "kind = 'bad'"), 3 + 1);
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

/* ---- random sequences against the truth ---- */

static uint64_t seed;

static uint32_t pick(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

struct truth {
	uint32_t runs, cycles[200];
};

static void make_work(struct truth *t, uint32_t runs)
{
	t->runs = runs;
	pen_boot(&p);
	for (uint32_t i = 0; i < runs; i++) {
		t->cycles[i] = pick(4) == 0 ? pick(30) : pick(2000);
		if (pick(6) == 0) {
			p.boot++;
			pen_boot(&p);
		}
		pen_run(&p, i + 1, t->cycles[i], 1 + pick(PW_CYCLES_REC_MAX));
	}
}

/* One thing that happens to a message: sent, sent again, sent with an overlap, rolled back, the
 * daemon restarted. */
static void random_step(uint64_t *next)
{
	uint64_t back = pick(3) == 0 ? MIN(*next, (uint64_t)pick(20)) : 0;
	uint64_t first = *next - back, end = MIN(*next + pick(30), p.next_seq);
	struct db_msg msg = ingest_msg(&p, first, MAX(end, first), AT);
	bool failed;

	switch (pick(8)) {
	case 0:
		assert_int_equal(store_begin(w.s), 0);
		assert_int_equal(store_apply(w.s, &msg, false, &failed), 0);
		store_rollback(w.s);
		return;
	case 1:
		world_close(&w);
		world_reopen(&w);
		return;
	case 2:
		*next = pen_attach(&w, &p, AT);
		return;
	case 3: /* two messages in one transaction */
		assert_int_equal(store_begin(w.s), 0);
		assert_int_equal(store_apply(w.s, &msg, false, &failed), 0);
		assert_int_equal(store_apply(w.s, &msg, false, &failed), 0);
		assert_int_equal(store_commit(w.s), 0);
		break;
	default:
		assert_int_equal(world_apply(&w, &msg), 0);
	}
	*next = msg.ingest.next_seq;
}

/* With a sanitizer a round takes a second, and a third of them go everywhere as well. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS(n) ((n) / 3)
#else
#define ROUNDS(n) (n)
#endif

static void random_sequences(void **state)
{
	struct truth t;

	(void)state;
	for (uint64_t round = 1; round <= ROUNDS(12); round++) {
		uint64_t next;

		teardown(NULL);
		setup(NULL);
		seed = round * UINT64_C(0x9e3779b97f4a7c15);
		print_message("round %d\n", (int)round);
		make_work(&t, 20 + pick(20));
		next = pen_attach(&w, &p, AT);
		while (next < p.next_seq)
			random_step(&next);
		assert_int_equal(count_of(&w, "runs", "complete"), t.runs);
		for (uint32_t i = 0; i < t.runs; i++)
			assert_run_holds(&w, i + 1, i + 1, 0, t.cycles[i]);
		world_verify(&w);
	}
}

/* A record with some of its bits wrong, a field at its limit, or all of it noise. */
static void spoil(void)
{
	uint64_t at = p.next_seq - 1;
	uint8_t *record = (uint8_t *)p.bytes.data + p.at[at];
	size_t size = p.at[at + 1] - p.at[at];

	switch (pick(6)) {
	case 0: /* head: boot, tick */
		record[4 + pick(12)] ^= (uint8_t)(1u << pick(8));
		break;
	case 1:
		memset(record + 8, pick(2) ? 0xff : 0, 8);
		break;
	case 2:
		record[0] = (uint8_t)pick(14);
		break;
	case 3:
		if (size > PW_REC_HEAD)
			record[PW_REC_HEAD + pick((uint32_t)(size - PW_REC_HEAD))] ^=
				(uint8_t)(1u << pick(8));
		break;
	case 4:
		if (size >= PW_REC_HEAD + 4)
			memset(record + PW_REC_HEAD + 4 * pick((uint32_t)(size - PW_REC_HEAD) / 4),
			       pick(2) ? 0xff : 0, 4);
		break;
	default:
		for (size_t i = PW_REC_HEAD; i < size; i++)
			record[i] = (uint8_t)pick(256);
	}
}

/* Firmware that is wrong in any way: the cursor gets to the end, and what is stored follows from
 * the entries. */
static void random_garbage(void **state)
{
	(void)state;
	for (uint64_t round = 1; round <= ROUNDS(30); round++) {
		union pw_rec_body body;
		uint64_t next = 0;

		teardown(NULL);
		setup(NULL);
		seed = round * UINT64_C(0xd1342543de82ef95);
		print_message("round %d\n", (int)round);
		pen_attach(&w, &p, AT);
		for (uint32_t i = 0; i < 300; i++) {
			memset(&body, (int)pick(256), sizeof(body));
			p.tick_us += pick(1000000);
			switch (pick(8)) {
			case 0:
				pen_boot(&p);
				break;
			case 1:
				pen_run_start(&p, pick(20));
				break;
			case 2:
				pen_run_end(&p, pick(20), pick(300), 0);
				break;
			case 3:
				body.counters.cycles_bits = (uint8_t)(32 + pick(33));
				body.counters.cycles &= UINT32_MAX;
				pen_add(&p, PW_REC_COUNTERS, &body);
				break;
			case 4:
				body.clock.utc_us = (int64_t)(AT + (int64_t)pick(1u << 30) * 1000 -
							      (INT64_C(1) << 39));
				pen_add(&p, PW_REC_CLOCK, &body);
				break;
			default:
				pen_cycles(&p, pick(20), pick(4) * 100, 1 + pick(128));
			}
			if (pick(3) == 0)
				spoil();
		}
		while (next < p.next_seq)
			random_step(&next);
		assert_int_equal(world_int(&w, "SELECT max(next_seq) FROM cursor"),
				 (int64_t)p.next_seq);
		assert_int_equal(count_of(&w, "run",
					  "earliest_us > start_us OR start_us > latest_us OR "
					  "start_us > end_us"),
				 0);
		world_verify(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(borders_do_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(cursor_has_the_last_crc, setup, teardown),
		cmocka_unit_test_setup_teardown(hole_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_overwrote, setup, teardown),
		cmocka_unit_test_setup_teardown(start_overwritten, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_by_next_start, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_by_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(end_says_more_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(totals_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(overlapping_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(repeated_run_number, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_records, setup, teardown),
		cmocka_unit_test_setup_teardown(run_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(many_gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(typed_events, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_wrap_and_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(open_run_is_durable, setup, teardown),
		cmocka_unit_test_setup_teardown(rollback_restores, setup, teardown),
		cmocka_unit_test_setup_teardown(message_must_be_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(raw_keeps_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(measurements_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(measurements_have_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(unlogged_runs_say_so, setup, teardown),
		cmocka_unit_test_setup_teardown(two_logs_two_pens, setup, teardown),
		cmocka_unit_test_setup_teardown(random_sequences, setup, teardown),
		cmocka_unit_test_setup_teardown(random_garbage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
