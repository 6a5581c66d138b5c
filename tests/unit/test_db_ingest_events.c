/* SPDX-License-Identifier: MIT */
/* What pens report beside runs: events, counters, measurements. */
#include "ingest_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(typed_events, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(counters_wrap_and_reset, ingest_setup,
						ingest_teardown),
		cmocka_unit_test_setup_teardown(measurements_add_up, ingest_setup, ingest_teardown),
		cmocka_unit_test_setup_teardown(measurements_have_limits, ingest_setup,
						ingest_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
