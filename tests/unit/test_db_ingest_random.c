/* SPDX-License-Identifier: MIT */
/* Random sequences of messages, rollbacks and restarts against the truth, and random firmware. */
#include "ingest_world.h"

static uint64_t seed;

static uint32_t pick(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

/* With a sanitizer a round takes a second, and a third of them go everywhere as well. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS(n) ((n) / 3)
#else
#define ROUNDS(n) (n)
#endif

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

/* ---- sequences against the truth ---- */

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

static void random_sequences(void **state)
{
	struct truth t;

	(void)state;
	for (uint64_t round = 1; round <= ROUNDS(12); round++) {
		uint64_t next;

		ingest_teardown(NULL);
		ingest_setup(NULL);
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

/* ---- firmware that is wrong in any way ---- */

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

		ingest_teardown(NULL);
		ingest_setup(NULL);
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
		cmocka_unit_test_setup_teardown(random_sequences, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(random_garbage, ingest_setup, ingest_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
