/* SPDX-License-Identifier: MIT */
/* What the machine does becomes records: runs, events, measurements, over restarts and failures of the flash. */
#include "pen_rig.h"

static void test_what_a_run_leaves(void **state)
{
	struct rig *r = rig_new(4096, 32);
	uint32_t period[PW_CYCLES_REC_MAX], n, at = 0, known = 0;
	uint16_t depth[PW_CYCLES_REC_MAX];
	uint64_t period_sum = 0, depth_sum = 0, seq = 1, tick = 0, began;
	union pw_rec_body body;
	struct pw_rec rec;

	(void)state;
	began = r->now;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 1500);
	pw_pen_button(&r->pen, r->now, 1, PW_BUTTON_LONG);
	cycles(r, 1500, 77);
	pw_pen_run_end(&r->pen, r->now, PW_END_BATTERY);

	rec = record(r, seq++, &body);
	assert_int_equal(rec.type, PW_REC_RUN_START);
	assert_int_equal(body.run_start.run, 1);
	assert_int_equal(body.run_start.voltage_mv, 7500);
	assert_int_equal(body.run_start.depth_um, 350);
	while ((rec = record(r, seq++, &body)).type != PW_REC_RUN_END) {
		assert_true(rec.tick_us >= tick); /* in the order in which it happened */
		tick = rec.tick_us;
		if (rec.type == PW_REC_BUTTON) {
			assert_int_equal(at, 1500); /* what came before stands before */
			continue;
		}
		assert_int_equal(rec.type, PW_REC_CYCLES);
		assert_int_equal(body.cycles.run, 1);
		assert_int_equal(body.cycles.index, at);
		assert_int_equal(pw_cycles_decode(body.cycles.block, body.cycles.len, period, depth,
						  PW_CYCLES_REC_MAX, &n),
				 PW_OK);
		for (uint32_t i = 0; i < n; i++, at++) {
			assert_int_equal(period[i], period_of(at));
			assert_int_equal(depth[i], depth_of(at));
			period_sum += period[i] == PW_PERIOD_UNKNOWN ? 0 : period[i];
			known += depth[i] != PW_DEPTH_UNKNOWN;
			depth_sum += depth[i] == PW_DEPTH_UNKNOWN ? 0 : depth[i];
		}
	}
	assert_int_equal(at, 1577);
	assert_int_equal(body.run_end.run, 1);
	assert_int_equal(body.run_end.reason, PW_END_BATTERY);
	assert_int_equal(body.run_end.cycles, 1577);
	assert_int_equal(body.run_end.depth_count, known);
	assert_int_equal(body.run_end.period_sum_us, period_sum);
	assert_int_equal(body.run_end.depth_sum_um, depth_sum);
	assert_int_equal(body.run_end.on_time_us, r->now - began);
	assert_int_equal(seq, r->pen.log.next_seq);

	/* Cycles outside a run are nobody's. */
	assert_int_equal(pw_pen_cycle(&r->pen, r->now, PERIOD, 350), PW_OK);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	assert_int_equal(seq, r->pen.log.next_seq);
	rig_free(r);
}

static void test_slow_cycles_keep_the_span(void **state)
{
	struct rig *r = rig_new(4096, 8);
	union pw_rec_body body;
	struct pw_rec rec;
	uint64_t last;

	(void)state;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	for (int i = 0; i < 40; i++) {
		uint32_t period =
			i == 20 ? 60000000u : 300000u; /* a pause of a minute among slow dots */

		assert_int_equal(pw_pen_cycle(&r->pen, r->now, period, 350), PW_OK);
		r->now += period;
	}
	pw_pen_run_end(&r->pen, r->now, PW_END_OFF);
	last = 1000;
	for (uint64_t seq = 2; (rec = record(r, seq, &body)).type == PW_REC_CYCLES; seq++) {
		uint32_t period[PW_CYCLES_REC_MAX], n;
		uint64_t span = 0;

		assert_int_equal(pw_cycles_decode(body.cycles.block, body.cycles.len, period, NULL,
						  PW_CYCLES_REC_MAX, &n),
				 PW_OK);
		for (uint32_t i = 0; i < n; i++)
			span += period[i];
		assert_int_equal(rec.tick_us, last);
		last += span;
		assert_true(span <= PW_CYCLES_SPAN_US || n == 1);
	}
	assert_int_equal(last, r->now);
	rig_free(r);
}

static void test_numbers_go_on(void **state)
{
	struct rig *r = rig_new(1024, 2);
	union pw_rec_body body;

	(void)state;
	whole_run(r, 10);
	whole_run(r, 10);
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 5);
	/* The power goes in the middle of a run: its cycles that were not written yet are lost, its
	 * number is not. */
	power_up(r);
	assert_int_equal(r->pen.identity.boot, 2);
	whole_run(r, 10);
	assert_int_equal(r->pen.log.run, 4);
	/* Nothing left in the ring that names a run or an older boot. */
	for (int i = 0; i < 200; i++)
		pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	assert_int_equal(record(r, r->pen.log.first_seq, &body).type, PW_REC_BUTTON);
	power_up(r);
	assert_int_equal(r->pen.identity.boot, 3);
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	record(r, r->pen.log.next_seq - 1, &body);
	assert_int_equal(body.run_start.run, 5);
	/* A start without an end is an end. */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	record(r, r->pen.log.next_seq - 2, &body);
	assert_int_equal(body.run_end.run, 5);
	assert_int_equal(body.run_end.reason, PW_UNKNOWN_U8);
	rig_free(r);
}

static void test_store_fails(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;
	struct pw_rec rec;

	(void)state;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 100);
	r->flash.fail = true;
	assert_int_equal(pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS), PW_E_STORE);
	say_read(r, 1, 0, 100, 0);
	hear(r);
	assert_true(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_STORE_FAILED);
	r->flash.fail = false;
	cycles(r, 100, 10);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	hear(r);
	assert_false(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_STORE_FAILED);
	/* The index says which cycles are missing, the totals how many there were. */
	rec = record(r, r->pen.log.next_seq - 2, &body);
	assert_int_equal(rec.type, PW_REC_CYCLES);
	assert_int_equal(body.cycles.index, 100);
	record(r, r->pen.log.next_seq - 1, &body);
	assert_int_equal(body.run_end.cycles, 110);
	rig_free(r);
}

static void test_events(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;

	(void)state;
	assert_int_equal(pw_pen_cartridge(&r->pen, r->now, true, "C-77", "0603RL"), PW_OK);
	assert_int_equal(record(r, 1, &body).type, PW_REC_CARTRIDGE_IN);
	assert_memory_equal(body.cartridge.id, "C-77\0", 5);
	assert_memory_equal(body.cartridge.config, "0603RL\0\0", 8);
	assert_int_equal(pw_pen_cartridge(&r->pen, r->now, false, NULL, NULL), PW_OK);
	assert_int_equal(record(r, 2, &body).type, PW_REC_CARTRIDGE_OUT);
	assert_int_equal(body.cartridge.config[0], 0);
	assert_int_equal(pw_pen_counters(&r->pen, r->now, 4294967295u, 5, 32), PW_OK);
	assert_int_equal(record(r, 3, &body).type, PW_REC_COUNTERS);
	assert_int_equal(body.counters.cycles, 4294967295u);
	assert_int_equal(pw_pen_fault(&r->pen, r->now, PW_FAULT_BATTERY, true, 9), PW_OK);
	assert_int_equal(record(r, 4, &body).type, PW_REC_FAULT);
	assert_int_equal(body.fault.value, 9);
	assert_int_equal(pw_pen_clock(&r->pen, r->now, INT64_C(1795000000000000), 20000), PW_OK);
	assert_int_equal(record(r, 5, &body).type, PW_REC_CLOCK);
	assert_int_equal(body.clock.utc_us, INT64_C(1795000000000000));
	/* A value that no record can carry is refused and costs no number. */
	assert_int_equal(pw_pen_counters(&r->pen, r->now, 4294967296u, 5, 32), PW_E_VALUE);
	assert_int_equal(r->pen.log.next_seq, 6);
	rig_free(r);
}

/* Values are summed up by quantity, written once a minute and before the run's end, and belong to a
 * run only. */
static void test_measures(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;
	uint64_t next, at;

	(void)state;
	assert_int_equal(pw_pen_measure(&r->pen, r->now, PW_QUANTITY_CURRENT, 500), PW_OK);
	assert_int_equal(r->pen.log.next_seq, 1); /* no run */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	next = r->pen.log.next_seq;
	cycles(r, 0, 3);
	at = r->now;
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 500), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_TEMPERATURE, -250), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at + 1, PW_QUANTITY_CURRENT, 300), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at, 0, 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_MEASURES + 1, 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, 1, PW_MEASURE_MAX + 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, 1, -PW_MEASURE_MAX - 1), PW_E_VALUE);
	assert_int_equal(r->pen.log.next_seq, next);
	at += PW_MEASURE_SPAN_US;
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 400), PW_OK);
	/* The cycles before it, then one record a quantity. */
	assert_int_equal(r->pen.log.next_seq, next + 3);
	assert_int_equal(record(r, next, &body).type, PW_REC_CYCLES);
	assert_int_equal(record(r, next + 1, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.run, 1);
	assert_int_equal(body.measure.quantity, PW_QUANTITY_CURRENT);
	assert_int_equal(body.measure.count, 3);
	assert_int_equal(body.measure.min, 300);
	assert_int_equal(body.measure.max, 500);
	assert_int_equal(body.measure.sum, 1200);
	assert_int_equal(body.measure.square_sum, 500000);
	assert_int_equal(record(r, next + 2, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.quantity, PW_QUANTITY_TEMPERATURE);
	assert_int_equal(body.measure.count, 1);
	assert_int_equal(body.measure.max, -250);
	/* The rest at the end, and nothing of it in the next run. */
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 200), PW_OK);
	assert_int_equal(pw_pen_run_end(&r->pen, at, PW_END_OFF), PW_OK);
	assert_int_equal(record(r, next + 3, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.count, 1);
	assert_int_equal(body.measure.min, 200);
	assert_int_equal(record(r, next + 4, &body).type, PW_REC_RUN_END);
	pw_pen_run_start(&r->pen, at, 7500, 350);
	pw_pen_run_end(&r->pen, at, PW_END_OFF);
	assert_int_equal(r->pen.log.next_seq, next + 7);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_run_leaves),
		cmocka_unit_test(test_slow_cycles_keep_the_span),
		cmocka_unit_test(test_numbers_go_on),
		cmocka_unit_test(test_store_fails),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_measures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
