/* SPDX-License-Identifier: MIT */
/* Records: splitting a run of them, both directions, ranges, and the cursor's CRC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_cycles.h"
#include "pw_rec.h"

static const struct {
	uint8_t type;
	size_t size;
} types[] = {
	{PW_REC_BOOT, PW_REC_BOOT_SIZE},
	{PW_REC_RUN_START, PW_REC_RUN_START_SIZE},
	{PW_REC_CYCLES, PW_REC_CYCLES_HEAD},
	{PW_REC_RUN_END, PW_REC_RUN_END_SIZE},
	{PW_REC_CARTRIDGE_IN, PW_REC_CARTRIDGE_SIZE},
	{PW_REC_CARTRIDGE_OUT, PW_REC_CARTRIDGE_SIZE},
	{PW_REC_COUNTERS, PW_REC_COUNTERS_SIZE},
	{PW_REC_FAULT, PW_REC_FAULT_SIZE},
	{PW_REC_BUTTON, PW_REC_BUTTON_SIZE},
	{PW_REC_CLOCK, PW_REC_CLOCK_SIZE},
	{PW_REC_MEASURE, PW_REC_MEASURE_SIZE},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t a_block(uint8_t *out, size_t cap)
{
	static const uint32_t period[] = {9000, 9010, 8990, 9025};
	static const uint16_t depth[] = {800, 805, PW_DEPTH_UNKNOWN, 790};
	size_t len = 0;

	assert_int_equal(pw_cycles_encode(period, depth, 4, out, cap, &len), PW_OK);
	return len;
}

/* A record of random bytes, put right where they are out of range; returns its size. */
static size_t random_record(size_t t, uint8_t *wire)
{
	uint8_t *p = wire + PW_REC_HEAD;
	size_t size = types[t].size;

	for (size_t i = 0; i < PW_REC_HEAD + size; i++)
		wire[i] = (uint8_t)(rnd() >> 40);
	switch (types[t].type) {
	case PW_REC_CYCLES:
		p[7] &= 0x7f;
		size += a_block(p + size, 100);
		break;
	case PW_REC_RUN_END:
		p[11] |= 0x80;
		p[15] &= 0x7f;
		break;
	case PW_REC_COUNTERS:
		p[7] &= 0x7f;
		p[16] = (uint8_t)(63 + p[16] % 2);
		break;
	case PW_REC_FAULT:
		p[1] &= 1;
		break;
	case PW_REC_CLOCK:
		p[6] = p[7] = 0;
		break;
	case PW_REC_MEASURE: /* values of both signs: any sum of fewer than count - 1 others */
		p[11] = 0;
		p[10] |= 1;
		pw_put32(p + 12, (uint32_t)-65535);
		pw_put32(p + 16, 65535);
		memset(p + 23, p[22] & 0x80 ? 0xff : 0, 5);
		memset(p + 33, 0, 3);
		break;
	}
	wire[0] = types[t].type;
	wire[1] = 0;
	pw_put16(wire + 2, (uint16_t)size);
	wire[15] &= 0x7f;
	return PW_REC_HEAD + size;
}

static void clear_reserved(uint8_t *wire)
{
	uint8_t *p = wire + PW_REC_HEAD;

	switch (wire[0]) {
	case PW_REC_BOOT:
		memset(p + 1, 0, 3);
		break;
	case PW_REC_RUN_END:
		memset(p + 5, 0, 3);
		break;
	case PW_REC_COUNTERS:
		memset(p + 17, 0, 3);
		break;
	case PW_REC_MEASURE:
		memset(p + 5, 0, 3);
		break;
	case PW_REC_FAULT:
	case PW_REC_BUTTON:
		memset(p + 2, 0, 2);
		break;
	}
}

static enum pw_error next(const uint8_t *p, size_t len, struct pw_rec *rec, size_t *size)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum pw_error error;

	memcpy(copy, p, len);
	error = pw_rec_next(copy, len, rec, size);
	if (error == PW_OK) {
		assert_ptr_equal(rec->payload, copy + PW_REC_HEAD);
		rec->payload = p + PW_REC_HEAD;
	}
	free(copy);
	return error;
}

static void bytes_survive_both_ways(void **state)
{
	(void)state;
	seed = 1;
	for (int round = 0; round < 200; round++) {
		for (size_t t = 0; t < TYPES; t++) {
			uint8_t wire[200], again[200];
			size_t size = random_record(t, wire), got = 0;
			union pw_rec_body body;
			struct pw_rec rec;

			assert_int_equal(next(wire, sizeof(wire), &rec, &got), PW_OK);
			assert_int_equal(got, size);
			assert_int_equal(rec.type, types[t].type);
			assert_int_equal(rec.boot, pw_get32(wire + 4));
			assert_int_equal(rec.tick_us, pw_get64(wire + 8));
			assert_int_equal(rec.len, size - PW_REC_HEAD);
			assert_int_equal(pw_rec_decode(&rec, &body), PW_OK);
			assert_int_equal(pw_rec_encode(&rec, &body, again, sizeof(again), &got),
					 PW_OK);
			assert_int_equal(got, size);
			clear_reserved(wire);
			assert_memory_equal(again, wire, size);
			for (size_t cap = 0; cap < size; cap++) {
				uint8_t *out = malloc(cap ? cap : 1);

				got = 77;
				assert_int_equal(pw_rec_encode(&rec, &body, out, cap, &got),
						 PW_E_SPACE);
				assert_int_equal(got, 77);
				free(out);
			}
		}
	}
}

static void a_run_of_records_is_split(void **state)
{
	uint8_t wire[TYPES * 200];
	size_t len = 0, at = 0;

	(void)state;
	seed = 2;
	for (size_t t = 0; t < TYPES; t++)
		len += random_record(t, wire + len);
	for (size_t t = 0; t < TYPES; t++) {
		struct pw_rec rec;
		size_t size = 0;

		for (size_t cut = 0; cut < PW_REC_HEAD + types[t].size; cut++)
			assert_int_equal(next(wire + at, cut, &rec, &size), PW_E_SHORT);
		assert_int_equal(next(wire + at, len - at, &rec, &size), PW_OK);
		assert_int_equal(rec.type, types[t].type);
		at += size;
	}
	assert_int_equal(at, len);
}

static void the_length_has_a_limit(void **state)
{
	uint8_t wire[PW_REC_MAX + 1] = {0};
	struct pw_rec rec;
	size_t size = 0;

	(void)state;
	pw_put16(wire + 2, PW_REC_PAYLOAD_MAX);
	assert_int_equal(next(wire, sizeof(wire), &rec, &size), PW_OK);
	assert_int_equal(size, PW_REC_MAX);
	assert_int_equal(next(wire, PW_REC_MAX - 1, &rec, &size), PW_E_SHORT);
	pw_put16(wire + 2, PW_REC_PAYLOAD_MAX + 1);
	assert_int_equal(next(wire, sizeof(wire), &rec, &size), PW_E_LONG);
	assert_int_equal(next(wire, PW_REC_HEAD, &rec, &size), PW_E_LONG);
}

static void short_payloads_are_refused_and_long_ones_read(void **state)
{
	(void)state;
	seed = 3;
	for (size_t t = 0; t < TYPES; t++) {
		uint8_t wire[200];
		union pw_rec_body body, again;
		struct pw_rec rec;
		size_t size, got;

		memset(wire, 0, sizeof(wire));
		size = random_record(t, wire);
		assert_int_equal(next(wire, size, &rec, &got), PW_OK);
		assert_int_equal(pw_rec_decode(&rec, &body), PW_OK);
		for (rec.len = 0; rec.len < types[t].size; rec.len++)
			assert_int_equal(pw_rec_decode(&rec, &again), PW_E_SHORT);
		if (types[t].type == PW_REC_CYCLES) {
			/* Cut within the block's head. */
			assert_int_equal(pw_rec_decode(&rec, &again), PW_E_SHORT);
			continue;
		}
		rec.len = size - PW_REC_HEAD + 9;
		assert_int_equal(pw_rec_decode(&rec, &again), PW_OK);
		assert_memory_equal(&body, &again, sizeof(body));
	}
}

static void unknown_types_are_told_apart(void **state)
{
	uint8_t wire[200] = {0};
	union pw_rec_body body;
	size_t size;

	(void)state;
	memset(&body, 0, sizeof(body));
	for (int type = 0; type < 256; type++) {
		struct pw_rec rec = {.type = (uint8_t)type, .payload = wire, .len = 100};

		if (type >= PW_REC_BOOT && type <= PW_REC_MEASURE)
			continue;
		assert_int_equal(pw_rec_decode(&rec, &body), PW_E_TYPE);
		assert_int_equal(pw_rec_encode(&rec, &body, wire, sizeof(wire), &size), PW_E_TYPE);
	}
}

/* Encodes @body as a record of @type. If it can be, it must decode; if not, its bytes are made from
 * a valid one by hand. */
static void expect(uint8_t type, const union pw_rec_body *body, uint64_t tick_us,
		   enum pw_error error)
{
	struct pw_rec rec = {.type = type, .boot = 1, .tick_us = tick_us}, got;
	uint8_t wire[PW_REC_MAX];
	union pw_rec_body again;
	size_t size = 0;

	assert_int_equal(pw_rec_encode(&rec, body, wire, sizeof(wire), &size), error);
	if (error != PW_OK)
		return;
	assert_int_equal(next(wire, size, &got, &size), PW_OK);
	assert_int_equal(pw_rec_decode(&got, &again), PW_OK);
}

static void expect_measure(union pw_rec_body *b, struct pw_rec_measure measure, enum pw_error error)
{
	b->measure = measure;
	expect(PW_REC_MEASURE, b, 0, error);
}

/* A summary that no values can have is refused, at each bound. */
static void measures_hold(union pw_rec_body *b)
{
	const int64_t many = PW_MEASURE_COUNT_MAX, big = PW_MEASURE_MAX;
	struct pw_rec_measure m = {.count = 2, .min = -3, .max = 5, .sum = 2, .square_sum = 34};

	expect_measure(b, m, PW_OK);
	m.quantity = 200;
	expect_measure(b, m, PW_OK);
	m.count = 0;
	expect_measure(b, m, PW_E_VALUE);
	m.count = 2;
	m.min = 6;
	expect_measure(b, m, PW_E_VALUE);
	m.min = -3;
	m.sum = 10;
	expect_measure(b, m, PW_OK);
	m.sum = 11;
	expect_measure(b, m, PW_E_VALUE);
	m.sum = -6;
	expect_measure(b, m, PW_OK);
	m.sum = -7;
	expect_measure(b, m, PW_E_VALUE);
	m.sum = 0;
	m.square_sum = 50;
	expect_measure(b, m, PW_OK);
	m.square_sum = 51;
	expect_measure(b, m, PW_E_VALUE);
	m = (struct pw_rec_measure){.count = PW_MEASURE_COUNT_MAX,
				    .min = -PW_MEASURE_MAX,
				    .max = -PW_MEASURE_MAX,
				    .sum = -many * big,
				    .square_sum = (uint64_t)(many * big) * (uint64_t)big};
	expect_measure(b, m, PW_OK);
	m.count++;
	expect_measure(b, m, PW_E_VALUE);
	m = (struct pw_rec_measure){.count = 1, .max = PW_MEASURE_MAX + 1};
	expect_measure(b, m, PW_E_VALUE);
	m = (struct pw_rec_measure){.count = 1, .min = -PW_MEASURE_MAX - 1};
	expect_measure(b, m, PW_E_VALUE);
	m = (struct pw_rec_measure){.count = 1, .min = INT32_MIN, .max = INT32_MAX};
	expect_measure(b, m, PW_E_VALUE);
}

static void ranges_hold_when_encoding(void **state)
{
	static uint8_t bytes[PW_REC_PAYLOAD_MAX];
	const int64_t year_10000 = INT64_C(253402300800) * 1000000;
	union pw_rec_body b;
	uint8_t block[100];

	(void)state;
	memset(&b, 0, sizeof(b));
	expect(PW_REC_BOOT, &b, (UINT64_C(1) << 63) - 1, PW_OK);
	expect(PW_REC_BOOT, &b, UINT64_C(1) << 63, PW_E_VALUE);

	b.run_end = (struct pw_rec_run_end){.cycles = 5, .depth_count = 5};
	expect(PW_REC_RUN_END, &b, 0, PW_OK);
	b.run_end.depth_count = 6;
	expect(PW_REC_RUN_END, &b, 0, PW_E_VALUE);

	for (unsigned bits = 0; bits < 256; bits++) {
		b.counters = (struct pw_rec_counters){.cycles_bits = (uint8_t)bits};
		expect(PW_REC_COUNTERS, &b, 0, bits >= 32 && bits <= 64 ? PW_OK : PW_E_VALUE);
		if (bits < 32 || bits > 64)
			continue;
		b.counters.cycles = UINT64_MAX >> (64 - bits);
		expect(PW_REC_COUNTERS, &b, 0, PW_OK);
		b.counters.cycles++;
		expect(PW_REC_COUNTERS, &b, 0, bits == 64 ? PW_OK : PW_E_VALUE);
	}

	b.fault = (struct pw_rec_fault){.code = 200, .state = 1, .value = INT32_MIN};
	expect(PW_REC_FAULT, &b, 0, PW_OK);
	b.fault.state = 2;
	expect(PW_REC_FAULT, &b, 0, PW_E_VALUE);

	b.clock = (struct pw_rec_clock){.utc_us = 0};
	expect(PW_REC_CLOCK, &b, 0, PW_OK);
	b.clock.utc_us = -1;
	expect(PW_REC_CLOCK, &b, 0, PW_E_VALUE);
	b.clock.utc_us = year_10000 - 1;
	expect(PW_REC_CLOCK, &b, 0, PW_OK);
	b.clock.utc_us = year_10000;
	expect(PW_REC_CLOCK, &b, 0, PW_E_VALUE);

	measures_hold(&b);

	b.cycles = (struct pw_rec_cycles){.block = block, .len = a_block(block, sizeof(block))};
	b.cycles.index = UINT32_MAX - 4;
	expect(PW_REC_CYCLES, &b, 0, PW_OK);
	b.cycles.index++;
	expect(PW_REC_CYCLES, &b, 0, PW_E_VALUE);
	b.cycles.index = 0;
	block[1] ^= 0x20; /* another version of blocks */
	expect(PW_REC_CYCLES, &b, 0, PW_E_VALUE);
	b.cycles.len = 7;
	expect(PW_REC_CYCLES, &b, 0, PW_E_SHORT);
	pw_put16(bytes, 0x1000);
	b.cycles.block = bytes;
	b.cycles.len = PW_REC_PAYLOAD_MAX - PW_REC_CYCLES_HEAD;
	expect(PW_REC_CYCLES, &b, 0, PW_OK);
	b.cycles.len++;
	expect(PW_REC_CYCLES, &b, 0, PW_E_LONG);
}

static void spoil(uint8_t type, size_t at, size_t len, uint8_t value)
{
	uint8_t wire[200];
	union pw_rec_body body;
	struct pw_rec rec;
	size_t size;

	seed = 5;
	size = random_record(type - PW_REC_BOOT, wire);
	assert_int_equal(wire[0], type);
	assert_int_equal(next(wire, size, &rec, &size), PW_OK);
	assert_int_equal(pw_rec_decode(&rec, &body), PW_OK);
	memset(wire + at, value, len);
	assert_int_equal(next(wire, size, &rec, &size), PW_OK);
	assert_int_equal(pw_rec_decode(&rec, &body), PW_E_VALUE);
}

static void ranges_hold_when_decoding(void **state)
{
	(void)state;
	for (uint8_t type = PW_REC_BOOT; type <= PW_REC_MEASURE; type++)
		spoil(type, 15, 1, 0x80);
	spoil(PW_REC_CYCLES, PW_REC_HEAD + 4, 4, 0xff);
	spoil(PW_REC_CYCLES, PW_REC_HEAD + 9, 1, 0x20);
	spoil(PW_REC_RUN_END, PW_REC_HEAD + 15, 1, 0xff);
	spoil(PW_REC_COUNTERS, PW_REC_HEAD + 16, 1, 31);
	spoil(PW_REC_COUNTERS, PW_REC_HEAD + 16, 1, 65);
	spoil(PW_REC_FAULT, PW_REC_HEAD + 1, 1, 2);
	spoil(PW_REC_CLOCK, PW_REC_HEAD + 7, 1, 0xff);
	spoil(PW_REC_CLOCK, PW_REC_HEAD + 7, 1, 0x7f);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 8, 4, 0);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 11, 1, 0x80);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 14, 1, 0xfe);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 18, 1, 1);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 27, 1, 0x7f);
	spoil(PW_REC_MEASURE, PW_REC_HEAD + 35, 1, 0x7f);
}

static void a_block_may_be_encoded_in_place(void **state)
{
	struct pw_rec rec = {.type = PW_REC_CYCLES, .boot = 3, .tick_us = 99};
	uint8_t block[100], wire[200], apart[200];
	union pw_rec_body body;
	size_t len = a_block(block, sizeof(block)), size = 0;

	(void)state;
	body.cycles = (struct pw_rec_cycles){.run = 1, .index = 2, .block = block, .len = len};
	assert_int_equal(pw_rec_encode(&rec, &body, apart, sizeof(apart), &size), PW_OK);
	for (size_t at = 0; at < 60; at++) {
		memcpy(wire + at, block, len);
		body.cycles.block = wire + at;
		assert_int_equal(pw_rec_encode(&rec, &body, wire, sizeof(wire), &size), PW_OK);
		assert_memory_equal(wire, apart, size);
	}
}

static void the_largest_block_of_a_pen_fits(void **state)
{
	(void)state;
	assert_true(PW_REC_HEAD + PW_REC_CYCLES_HEAD + PW_CYCLES_BOUND(PW_CYCLES_REC_MAX) <=
		    PW_REC_MAX);
	assert_true(PW_RECORDS_HEAD + PW_REC_MAX <= 1016);
}

static void the_cursor_crc_covers_number_and_bytes(void **state)
{
	uint8_t wire[8 + 20] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

	(void)state;
	for (uint8_t i = 0; i < 20; i++)
		wire[8 + i] = i;
	assert_int_equal(pw_rec_crc(UINT64_C(0x1122334455667788), wire + 8, 20),
			 pw_crc32c(0, wire, sizeof(wire)));
	assert_int_not_equal(pw_rec_crc(1, wire + 8, 20), pw_rec_crc(2, wire + 8, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_survive_both_ways),
		cmocka_unit_test(a_run_of_records_is_split),
		cmocka_unit_test(the_length_has_a_limit),
		cmocka_unit_test(short_payloads_are_refused_and_long_ones_read),
		cmocka_unit_test(unknown_types_are_told_apart),
		cmocka_unit_test(ranges_hold_when_encoding),
		cmocka_unit_test(ranges_hold_when_decoding),
		cmocka_unit_test(a_block_may_be_encoded_in_place),
		cmocka_unit_test(the_largest_block_of_a_pen_fits),
		cmocka_unit_test(the_cursor_crc_covers_number_and_bytes),
	};

	return cmocka_run_group_tests_name("pw_rec", tests, NULL, NULL);
}
