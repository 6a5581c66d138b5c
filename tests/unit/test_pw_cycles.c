/* SPDX-License-Identifier: MIT */
/*
 * Cycle blocks: lossless on anything, small on what pens send (measured against the entropy of the
 * signal), strict with anything that is not a block, and the same bytes from a pen's build as from
 * a host's.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_cycles.h"

/* The pen's build of the codec, beside the host's, which is linked. */
enum pw_error small_encode(const uint32_t *period_us, const uint16_t *depth_um, uint32_t count,
			   uint8_t *out, size_t cap, size_t *ret_len);
enum pw_error small_decode(const uint8_t *block, size_t len, uint32_t *period_us,
			   uint16_t *depth_um, uint32_t cap, uint32_t *ret_count);
enum pw_error small_count(const uint8_t *block, size_t len, uint32_t *ret_count);
#define PW_SMALL
#define pw_cycles_encode small_encode
#define pw_cycles_decode small_decode
#define pw_cycles_count	 small_count
#include "../../proto/pw_cycles.c"
#define channel written_channel
#define params	written_params
#include "../../proto/pw_cycles_encode.c"
#undef channel
#undef params
#undef pw_cycles_encode
#undef pw_cycles_decode
#undef pw_cycles_count
#undef PW_SMALL

static uint64_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static double uniform(void)
{
	return (rnd() + 0.5) / 4294967296.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * 3.14159265358979 * uniform());
}

static struct {
	uint32_t period[PW_CYCLES_MAX], got_period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX], got_depth[PW_CYCLES_MAX];
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_MAX)], other[PW_CYCLES_BOUND(PW_CYCLES_MAX)];
} t;

/* Decodes from and into memory of exactly the right size, so that sanitizers see every step beyond.
 */
static enum pw_error decode(const uint8_t *block, size_t len, uint32_t count)
{
	uint8_t *copy = malloc(len ? len : 1);
	uint32_t *period = calloc(count, sizeof(*period)), got = 0;
	uint16_t *depth = calloc(count, sizeof(*depth));
	enum pw_error error, small;

	memcpy(copy, block, len);
	error = pw_cycles_decode(copy, len, period, depth, count, &got);
	memcpy(t.got_period, period, count * sizeof(*period));
	memcpy(t.got_depth, depth, count * sizeof(*depth));
	if (error == PW_OK)
		assert_int_equal(got, count);
	/* The pen's build says the same, and so does a decoder that wants one channel or none. */
	small = small_decode(copy, len, period, depth, count, &got);
	assert_int_equal(small, error);
	if (error == PW_OK) {
		assert_memory_equal(period, t.got_period, count * sizeof(*period));
		assert_memory_equal(depth, t.got_depth, count * sizeof(*depth));
	}
	assert_int_equal(pw_cycles_decode(copy, len, NULL, depth, count, &got), error);
	assert_int_equal(pw_cycles_decode(copy, len, period, NULL, count, &got), error);
	assert_int_equal(pw_cycles_decode(copy, len, NULL, NULL, count, &got), error);
	free(copy);
	free(period);
	free(depth);
	return error;
}

/* Encodes @count cycles of @t, checks everything that must hold, returns the size of the block. */
static size_t roundtrip(uint32_t count, bool depths)
{
	const uint16_t *depth = depths ? t.depth : NULL;
	size_t len = 0, other = 0;
	uint32_t got = 0;
	uint8_t *exact;

	assert_int_equal(
		pw_cycles_encode(t.period, depth, count, t.block, PW_CYCLES_BOUND(count), &len),
		PW_OK);
	assert_true(len <= PW_CYCLES_BOUND(count));
	assert_int_equal(
		small_encode(t.period, depth, count, t.other, PW_CYCLES_BOUND(count), &other),
		PW_OK);
	assert_int_equal(other, len);
	assert_memory_equal(t.other, t.block, len);
	exact = malloc(len);
	assert_int_equal(pw_cycles_encode(t.period, depth, count, exact, len, &other), PW_OK);
	assert_int_equal(other, len);
	assert_memory_equal(exact, t.block, len);
	free(exact);
	exact = malloc(len - 1);
	assert_int_equal(pw_cycles_encode(t.period, depth, count, exact, len - 1, &other),
			 PW_E_SPACE);
	assert_int_equal(small_encode(t.period, depth, count, exact, len - 1, &other), PW_E_SPACE);
	assert_int_equal(other, len);
	free(exact);

	assert_int_equal(pw_cycles_count(t.block, len, &got), PW_OK);
	assert_int_equal(got, count);
	assert_int_equal(decode(t.block, len, count), PW_OK);
	assert_memory_equal(t.got_period, t.period, count * sizeof(t.period[0]));
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(t.got_depth[i], depths ? t.depth[i] : PW_DEPTH_UNKNOWN);
	return len;
}

/* ---- signals ---- */

enum kind {
	STEADY, /* what a working pen sends */
	SAME,
	UNKNOWN,
	SOME_UNKNOWN,
	PAUSES,
	SPEED_STEPS,
	RAMP,
	STEPPED, /* multiples of what the sensor resolves */
	TWO_LEVELS,
	EXTREMES,
	WILD,
	NEAR_LIMITS,
	ZEROS,
	SIGNALS,
};

static void make(enum kind kind, uint32_t count)
{
	double base = 7000 + 5000 * uniform(), near = 0;
	uint32_t step = 2 + rnd() % 300;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t p = (uint32_t)lrint(base * (1 + 0.01 * normal()));
		uint16_t d;

		near = 0.9 * near + 14 * normal();
		d = (uint16_t)lrint(900 + near);
		switch (kind) {
		case SAME:
			p = 8333;
			d = 1200;
			break;
		case UNKNOWN:
			p = PW_PERIOD_UNKNOWN;
			d = PW_DEPTH_UNKNOWN;
			break;
		case SOME_UNKNOWN:
			p = rnd() % 3 ? p : PW_PERIOD_UNKNOWN;
			d = rnd() % 20 ? d : PW_DEPTH_UNKNOWN;
			break;
		case PAUSES:
			p = rnd() % 10 ? p : rnd() % 2 ? rnd() : rnd() % 5000000;
			d = rnd() % 10 ? d : (uint16_t)rnd();
			break;
		case SPEED_STEPS:
			if (rnd() % 40 == 0)
				base = 5000 + 15000 * uniform();
			d = (uint16_t)(base / 10);
			break;
		case RAMP:
			p = 50000 - i * 10;
			d = (uint16_t)(i * 16);
			break;
		case STEPPED:
			p -= p % step;
			d = (uint16_t)(d - d % 10);
			if (rnd() % 50 == 0)
				p = rnd() / step * step;
			if (rnd() % 9 == 0)
				d = PW_DEPTH_UNKNOWN;
			break;
		case TWO_LEVELS:
			p = rnd() % 2 ? 8000 : 11000;
			d = rnd() % 2 ? 0 : PW_DEPTH_UNKNOWN - 1;
			break;
		case EXTREMES:
			p = rnd() % 2 ? 0 : PW_PERIOD_UNKNOWN - rnd() % 2;
			d = (uint16_t)(rnd() % 2 ? 0 : PW_DEPTH_UNKNOWN - rnd() % 2);
			break;
		case WILD:
			p = rnd() >> rnd() % 32;
			d = (uint16_t)(rnd() >> rnd() % 32);
			break;
		case NEAR_LIMITS: /* around the largest state, and where differences wrap */
			p = (1u << 27) - 50 + rnd() % 100;
			d = (uint16_t)(PW_DEPTH_UNKNOWN - rnd() % 9);
			break;
		case ZEROS:
			p = rnd() % 6 ? 0 : PW_PERIOD_UNKNOWN;
			d = rnd() % 6 ? 0 : PW_DEPTH_UNKNOWN;
			break;
		default:
			break;
		}
		t.period[i] = p;
		t.depth[i] = d;
	}
}

static void every_signal_comes_back(void **state)
{
	static const uint32_t counts[] = {1,   2,   3,	 5,   12,  17,	 18,
					  127, 128, 129, 511, 512, 4095, 4096};

	(void)state;
	for (int kind = 0; kind < SIGNALS; kind++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			for (uint32_t round = 0; round < 2 + 200 / counts[c]; round++) {
				seed = 1000u * (uint32_t)kind + 20u * c + round + 1;
				make((enum kind)kind, counts[c]);
				roundtrip(counts[c], true);
				roundtrip(counts[c], false);
			}
		}
	}
}

/* Values in all magnitudes, each alone and beside ordinary ones. */
static void every_magnitude_comes_back(void **state)
{
	(void)state;
	for (uint32_t bit = 0; bit < 32; bit++) {
		for (int32_t off = -1; off <= 1; off++) {
			uint32_t v = (UINT32_C(1) << bit) + (uint32_t)off;

			for (uint32_t at = 0; at < 9; at++) {
				seed = 1;
				make(STEADY, 9);
				t.period[at] = v;
				t.depth[at] = (uint16_t)v;
				roundtrip(9, true);
			}
			t.period[0] = v;
			t.depth[0] = (uint16_t)v;
			roundtrip(1, true);
		}
	}
}

/* ---- size ---- */

static size_t size_of(uint32_t count)
{
	return roundtrip(count, true);
}

static void what_does_not_vary_costs_next_to_nothing(void **state)
{
	(void)state;
	make(UNKNOWN, 512);
	assert_int_equal(size_of(512), 2 + 1 + 1 + 4);
	make(SAME, 512);
	assert_int_equal(size_of(512), 2 + 3 + 3 + 4);
	seed = 1;
	make(STEADY, 1);
	assert_int_equal(size_of(1), 2 + 3 + 3 + 4);
}

/* Rare values beside ordinary ones, in both channels: what each of them costs. */
static void escapes_cost_little(void **state)
{
	size_t plain, unknown, pauses, speeds;

	(void)state;
	seed = 7;
	make(STEADY, 512);
	plain = size_of(512);
	t.period[100] = t.period[333] = PW_PERIOD_UNKNOWN;
	t.depth[100] = t.depth[333] = PW_DEPTH_UNKNOWN;
	unknown = size_of(512);
	assert_true(unknown <= plain + 2 * 4);

	seed = 7;
	make(STEADY, 512);
	t.period[100] = 3000000;   /* 3 s */
	t.period[333] = 200000000; /* 200 s */
	t.depth[100] = 60000;
	pauses = size_of(512);
	assert_true(pauses <= plain + 3 * 7);

	seed = 7;
	make(STEADY, 512);
	for (uint32_t i = 500; i < 512; i++)
		t.period[i] += 6000;
	speeds = size_of(512);
	assert_true(speeds <= plain + 70);
}

static void a_step_saves_what_the_sensor_does_not_resolve(void **state)
{
	size_t fine, coarse;

	(void)state;
	seed = 8;
	make(STEADY, 512);
	fine = size_of(512);
	for (uint32_t i = 0; i < 512; i++) {
		t.period[i] -= t.period[i] % 8;
		t.depth[i] = (uint16_t)(t.depth[i] - t.depth[i] % 10);
	}
	coarse = size_of(512);
	/* log2(8) + log2(10) bits a cycle, less what Rice codes lose on small values */
	assert_true(fine - coarse > 512 * 11 / 16);
}

static int by_value(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* Bits per value that no code can do without: the entropy of the values as drawn, counted. */
static double entropy(int32_t *v, size_t n)
{
	double bits = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0, same; i < n; i += same) {
		for (same = 1; i + same < n && v[i + same] == v[i];)
			same++;
		bits -= (double)same / (double)n * log2((double)same / (double)n);
	}
	return bits;
}

/*
 * The signal for which the codec was made: a period around 8 to 10 ms with 1 % of jitter and a slow
 * droop, and a depth that wanders (AR(1)) about a slow drift. What is new in each cycle is kept,
 * and its entropy is the bound. Returns the size over the bound, as a factor.
 */
static double over_bound(double correlation, double deviation_um, uint32_t count, double per_block)
{
	enum { CYCLES = 64 * 1024 };
	static int32_t new_period[CYCLES], new_depth[CYCLES];
	double base = 8000, near = 0, bits;
	size_t size = 0;
	uint32_t fill = 0, blocks = 0;

	seed = 99;
	for (uint32_t i = 0; i < CYCLES; i++) {
		double expected_period, expected_depth;

		if (i % 8192 == 0)
			base = 8000 + 2000 * uniform();
		base *= 1 + 1e-6;
		expected_period = base;
		expected_depth = 900 + 60 * sin(i / 3000.0) + correlation * near;
		near = correlation * near + deviation_um * normal();
		t.period[fill] = (uint32_t)lrint(base + 0.01 * base * normal());
		t.depth[fill] = (uint16_t)lrint(900 + 60 * sin(i / 3000.0) + near);
		new_period[i] = (int32_t)t.period[fill] - (int32_t)lrint(expected_period);
		new_depth[i] = (int32_t)t.depth[fill] - (int32_t)lrint(expected_depth);
		if (++fill == count) {
			size += roundtrip(count, true);
			blocks++;
			fill = 0;
		}
	}
	bits = (entropy(new_period, CYCLES) + entropy(new_depth, CYCLES)) * blocks * count;
	return ((double)size - per_block * blocks) * 8 / bits;
}

static void blocks_come_close_to_the_entropy(void **state)
{
	static const double correlations[] = {0, 0.5, 0.8, 0.9, 0.95, 0.98};

	(void)state;
	for (size_t c = 0; c < sizeof(correlations) / sizeof(correlations[0]); c++) {
		assert_true(over_bound(correlations[c], 14, 512, 0) < 1.03);
		assert_true(over_bound(correlations[c], 14, 4096, 0) < 1.05);
		assert_true(over_bound(correlations[c], 3, 512, 0) < 1.045);
		assert_true(over_bound(correlations[c], 40, 512, 0) < 1.025);
		/* What a pen writes, and what it sends ten times a second: 12 bytes, and the
		 * cycles. */
		assert_true(over_bound(correlations[c], 14, 128, 12) < 1.02);
		assert_true(over_bound(correlations[c], 14, 12, 12) < 1.035);
	}
	/* And far enough above it that the bound is one. */
	assert_true(over_bound(0.9, 14, 512, 0) > 1.01);
}

/* ---- strictness ---- */

static void fix_crc(uint8_t *block, size_t len)
{
	pw_put32(block + len - 4, pw_crc32c(0, block, len - 4));
}

/* Decodes the block whose bytes before the CRC are @body. */
static enum pw_error decode_body(const uint8_t *body, size_t len, uint32_t count)
{
	uint8_t block[200];

	assert_true(len + 4 <= sizeof(block));
	memcpy(block, body, len);
	fix_crc(block, len + 4);
	return decode(block, len + 4, count);
}

#define DECODE(count, ...)                                                                         \
	decode_body((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), count)

static void damage_is_seen(void **state)
{
	size_t len;

	(void)state;
	seed = 9;
	make(SOME_UNKNOWN, 128);
	len = size_of(128);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(decode(t.block, cut, 128), cut < 8 ? PW_E_SHORT : PW_E_CRC);
	for (size_t bit = 0; bit < len * 8; bit++) {
		enum pw_error error;

		t.block[bit / 8] ^= (uint8_t)(1u << bit % 8);
		error = decode(t.block, len, 128);
		/* The version is looked at before the CRC. */
		assert_int_equal(error, bit >= 12 && bit < 16 ? PW_E_VALUE : PW_E_CRC);
		t.block[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	t.block[len] = 0;
	assert_int_equal(decode(t.block, len + 1, 128), PW_E_CRC);
	assert_int_equal(decode(t.block, len, 127), PW_E_SPACE);
}

/* Whatever a writer of blocks does wrong, reading ends within the block and the arrays. */
static void wrong_blocks_are_survived(void **state)
{
	size_t len, accepted = 0;

	(void)state;
	for (int kind = 0; kind < SIGNALS; kind++) {
		seed = (uint64_t)kind + 1;
		make((enum kind)kind, 40);
		len = size_of(40);
		for (size_t bit = 16; bit < (len - 4) * 8; bit++) {
			enum pw_error error;

			memcpy(t.other, t.block, len);
			t.other[bit / 8] ^= (uint8_t)(1u << bit % 8);
			fix_crc(t.other, len);
			error = decode(t.other, len, 40);
			assert_true(error == PW_OK || error == PW_E_VALUE);
			accepted += error == PW_OK;
		}
		for (size_t cut = 8; cut < len; cut++) {
			memcpy(t.other, t.block, cut);
			fix_crc(t.other, cut);
			assert_int_equal(decode(t.other, cut, 40), PW_E_VALUE);
		}
		memcpy(t.other, t.block, len);
		t.other[len - 4] = 0;
		fix_crc(t.other, len + 1);
		assert_int_equal(decode(t.other, len + 1, 40), PW_E_VALUE);
	}
	assert_true(accepted > 0);
}

/* By hand, byte by byte; README.md, "Cycle blocks", has the layout. */
static void the_layout_is_checked(void **state)
{
	(void)state;
	/* two cycles: both channels unknown */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 240), PW_OK);
	assert_int_equal(t.got_period[1], PW_PERIOD_UNKNOWN);
	assert_int_equal(t.got_depth[1], PW_DEPTH_UNKNOWN);
	assert_int_equal(DECODE(2, 0x01, 0x00, 240, 240), PW_E_VALUE); /* version 0 */
	assert_int_equal(DECODE(2, 0x01, 0x20, 240, 240), PW_E_VALUE); /* version 2 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 240, 0), PW_E_VALUE);
	for (uint8_t head = 244; head != 0; head++) /* no such channels */
		assert_int_equal(DECODE(2, 0x01, 0x10, 240, head, 1, 1, 1, 1), PW_E_VALUE);

	/* the same value throughout */
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xac, 0x02, 240), PW_OK);
	assert_int_equal(t.got_period[1], 300);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xac, 0x82, 0x00, 240),
			 PW_E_VALUE); /* overlong */
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0x00, 240), PW_OK);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0x80, 0x00, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xfe, 0xff, 0xff, 0xff, 0x0f, 240), PW_OK);
	assert_int_equal(t.got_period[0], PW_PERIOD_UNKNOWN - 1);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xff, 0xff, 0xff, 0xff, 0x0f, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xfe, 0xff, 0xff, 0xff, 0x1f, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 241, 0xfe, 0xff, 0xff, 0xff, 0x8f, 0x00, 240),
			 PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 241, 0xfe, 0xff, 0x03), PW_OK);
	assert_int_equal(t.got_depth[0], PW_DEPTH_UNKNOWN - 1);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 241, 0xff, 0xff, 0x03), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 241, 0x80, 0x80, 0x04), PW_E_VALUE);

	/* as they are: 2 * 4 bytes, 2 * 2 bytes */
	assert_int_equal(
		DECODE(2, 0x01, 0x10, 242, 1, 2, 3, 4, 255, 255, 255, 255, 242, 5, 6, 255, 255),
		PW_OK);
	assert_int_equal(t.got_period[0], 0x04030201);
	assert_int_equal(t.got_period[1], PW_PERIOD_UNKNOWN);
	assert_int_equal(t.got_depth[0], 0x0605);
	assert_int_equal(t.got_depth[1], PW_DEPTH_UNKNOWN);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 242, 5, 6, 255), PW_E_VALUE);

	/* kind 0, k 2, level 100: +1 (u 2: 1, 10) and -2 (u 3: 1, 11) */
	assert_int_equal(DECODE(2, 0x01, 0x10, 4, 100, 0x3d, 240), PW_OK);
	assert_int_equal(t.got_period[0], 101);
	assert_int_equal(t.got_period[1], 98);
	assert_int_equal(DECODE(2, 0x01, 0x10, 4, 100, 0x7d, 240),
			 PW_E_VALUE); /* a bit in the padding */
	assert_int_equal(DECODE(2, 0x01, 0x10, 4, 100, 0x3d, 0x00, 240), PW_E_VALUE);
	/* the same in steps of 3 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 243, 3, 4, 100, 0x3d, 240), PW_OK);
	assert_int_equal(t.got_period[0], 303);
	assert_int_equal(t.got_period[1], 294);
	assert_int_equal(DECODE(2, 0x01, 0x10, 243, 1, 4, 100, 0x3d, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 243, 0, 4, 100, 0x3d, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 243, 3, 240, 240),
			 PW_E_VALUE); /* only predictors have steps */
	assert_int_equal(DECODE(2, 0x01, 0x10, 243, 3, 243, 3, 4, 100, 0x3d, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 243, 3), PW_E_VALUE);
	/* the level is bounded by the step: 21844 * 3 is a depth, 21845 * 3 is unknown */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 243, 3, 4, 0xd4, 0xaa, 0x01, 0x09), PW_OK);
	assert_int_equal(t.got_depth[0], 65532);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 243, 3, 4, 0xd5, 0xaa, 0x01, 0x09), PW_E_VALUE);

	/* k 1, the first class double: -2 (u 3: 1, 11), +2 (u 4: 01, 0), -3 (u 5: 01, 1), +3 (u 6:
	 * 001, 0) */
	assert_int_equal(DECODE(4, 0x03, 0x10, 3, 100, 0x97, 0x09, 240), PW_OK);
	assert_int_equal(t.got_period[0], 98);
	assert_int_equal(t.got_period[1], 102);
	assert_int_equal(t.got_period[2], 97);
	assert_int_equal(t.got_period[3], 103);

	/* below zero: level 1, -2 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 4, 1, 0x3f, 240), PW_E_VALUE);
	/* a depth of 65535 by a code: level 65534, +1, 0 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 4, 0xfe, 0xff, 0x03, 0x0d), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 4, 0xfe, 0xff, 0x03, 0x0f), PW_OK);
	assert_int_equal(t.got_depth[0], 65532);
	/* a level beyond the largest state, and at it */
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 0x80, 0x80, 0x80, 0x40, 0x03, 240), PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 0xff, 0xff, 0xff, 0x3f, 0x03, 240), PW_OK);
	assert_int_equal(t.got_period[0], (1u << 27) - 1);
	/* and a code that leads there: +1 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 0xff, 0xff, 0xff, 0x3f, 0x0c, 240), PW_E_VALUE);

	/* 16 zeros: unknown; then 0 from the level, 100 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 100, 0x00, 0x00, 0x03, 240), PW_OK);
	assert_int_equal(t.got_period[0], PW_PERIOD_UNKNOWN);
	assert_int_equal(t.got_period[1], 100);
	/* kind 6, 17 zeros: a value in full, 0x1234, and the state stays; so the next is 100 */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 144, 100, 0x00, 0x00, 0xd2, 0x48, 0x04), PW_OK);
	assert_int_equal(t.got_depth[0], 0x1234);
	assert_int_equal(t.got_depth[1], 100);
	/* 18 zeros: the state moves; the next is 0x1234 too */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 144, 100, 0x00, 0x00, 0xa4, 0x91, 0x08), PW_OK);
	assert_int_equal(t.got_depth[0], 0x1234);
	assert_int_equal(t.got_depth[1], 0x1234);
	/* an unknown value in full */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 144, 100, 0x00, 0x00, 0xfe, 0xff, 0x07),
			 PW_E_VALUE);
	/* 19 zeros */
	assert_int_equal(DECODE(2, 0x01, 0x10, 240, 144, 100, 0x00, 0x00, 0x48, 0x23, 0x11),
			 PW_E_VALUE);
	/* nothing but zeros, to the end and beyond a window */
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			 PW_E_VALUE);
	assert_int_equal(DECODE(2, 0x01, 0x10, 0, 100, 0), PW_E_VALUE);
	/* the stream ends within a code */
	assert_int_equal(DECODE(2, 0x01, 0x10, 22, 100, 0x01), PW_E_VALUE);
}

/* The predictors by hand, level 100, k 0; what is not a whole is cut off downwards. */
static void the_predictor_rounds_down(void **state)
{
	(void)state;
	/* kind 3, 12/16: +2 on 100; 0 on 100 + 24/16; -3 on 100 + 12/16; 0 on 100 - 36/16 */
	assert_int_equal(DECODE(4, 0x03, 0x10, 72, 100, 0x30, 0x18, 240), PW_OK);
	assert_int_equal(t.got_period[0], 102);
	assert_int_equal(t.got_period[1], 101);
	assert_int_equal(t.got_period[2], 97);
	assert_int_equal(t.got_period[3], 97);
	/* kind 9, a quarter of the way: +2 on 100, state 100 + 4/4; -4 on 101, state 101 - 2/4; 0
	 * on 100, state 100 + 2/4 */
	assert_int_equal(DECODE(4, 0x03, 0x10, 216, 100, 0x10, 0x70, 240), PW_OK);
	assert_int_equal(t.got_period[0], 102);
	assert_int_equal(t.got_period[1], 97);
	assert_int_equal(t.got_period[2], 100);
	assert_int_equal(t.got_period[3], 100);
}

static void bad_arguments_are_refused(void **state)
{
	uint32_t count = 0;
	size_t len = 0;

	(void)state;
	make(SAME, PW_CYCLES_MAX);
	assert_int_equal(pw_cycles_encode(t.period, t.depth, 0, t.block, sizeof(t.block), &len),
			 PW_E_VALUE);
	assert_int_equal(pw_cycles_encode(t.period, t.depth, PW_CYCLES_MAX + 1, t.block,
					  sizeof(t.block), &len),
			 PW_E_VALUE);
	for (size_t cap = 0; cap < 12; cap++) {
		uint8_t *out = malloc(cap ? cap : 1);

		assert_int_equal(pw_cycles_encode(t.period, t.depth, 9, out, cap, &len),
				 PW_E_SPACE);
		free(out);
	}
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(pw_cycles_count((const uint8_t[8]){0x01, 0x10}, n, &count),
				 PW_E_SHORT);
	assert_int_equal(pw_cycles_count((const uint8_t[8]){0x01, 0x20}, 8, &count), PW_E_VALUE);
	assert_int_equal(pw_cycles_count((const uint8_t[8]){0xff, 0x1f}, 8, &count), PW_OK);
	assert_int_equal(count, PW_CYCLES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signal_comes_back),
		cmocka_unit_test(every_magnitude_comes_back),
		cmocka_unit_test(what_does_not_vary_costs_next_to_nothing),
		cmocka_unit_test(escapes_cost_little),
		cmocka_unit_test(a_step_saves_what_the_sensor_does_not_resolve),
		cmocka_unit_test(blocks_come_close_to_the_entropy),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(wrong_blocks_are_survived),
		cmocka_unit_test(the_layout_is_checked),
		cmocka_unit_test(the_predictor_rounds_down),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("pw_cycles", tests, NULL, NULL);
}
