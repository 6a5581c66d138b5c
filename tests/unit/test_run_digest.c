/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chain/run_digest.h"

#define N 1000u

static uint32_t period[N];
static uint16_t depth[N];

static void digest_in_pieces(size_t piece, const struct run_gap *gaps, size_t n_gaps,
			     uint8_t out[32])
{
	struct run_digest d;

	run_digest_init(&d);
	for (size_t at = 0; at < N; at += piece)
		run_digest_cycles(&d, period + at, depth + at, MIN(piece, N - at));
	assert_int_equal(d.cycles, N);
	run_digest_final(&d, gaps, n_gaps, out);
}

static void test_split(void **state)
{
	static const size_t pieces[] = {1, 7, 255, 256, 257, 999};
	uint8_t whole[32], split[32];

	(void)state;
	digest_in_pieces(N, NULL, 0, whole);
	for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
		digest_in_pieces(pieces[i], NULL, 0, split);
		assert_memory_equal(whole, split, 32);
	}
}

static void test_every_part_counts(void **state)
{
	const struct run_gap gap = {10, 3}, other = {10, 4};
	uint8_t plain[32], changed[32];

	(void)state;
	digest_in_pieces(N, NULL, 0, plain);
	period[N - 1] ^= 1u << 31;
	digest_in_pieces(N, NULL, 0, changed);
	period[N - 1] ^= 1u << 31;
	assert_memory_not_equal(plain, changed, 32);
	depth[0] ^= 0x8000;
	digest_in_pieces(N, NULL, 0, changed);
	depth[0] ^= 0x8000;
	assert_memory_not_equal(plain, changed, 32);
	digest_in_pieces(N, &gap, 1, plain);
	digest_in_pieces(N, &other, 1, changed);
	assert_memory_not_equal(plain, changed, 32);
}

/* Fixed values: what is in a database today must be found again by later programs. Made with
 * Python's hashlib.blake2b. */
static void test_known_values(void **state)
{
	static const uint8_t empty[32] = {0x81, 0xe4, 0x7a, 0x19, 0xe6, 0xb2, 0x9b, 0x0a,
					  0x65, 0xb9, 0x59, 0x17, 0x62, 0xce, 0x51, 0x43,
					  0xed, 0x30, 0xd0, 0x26, 0x1e, 0x5d, 0x24, 0xa3,
					  0x20, 0x17, 0x52, 0x50, 0x6b, 0x20, 0xf1, 0x5c};
	static const uint8_t three[32] = {0x87, 0x5e, 0x3f, 0x1d, 0xa1, 0x65, 0x68, 0x69,
					  0xbe, 0x48, 0x95, 0x25, 0x73, 0x56, 0x0b, 0x0f,
					  0x76, 0xb8, 0x92, 0x64, 0x43, 0x16, 0x13, 0x8b,
					  0x37, 0x2c, 0x87, 0x14, 0x39, 0xda, 0x73, 0x0f};
	const uint32_t p[] = {8333, 8401, 0xffffffff};
	const uint16_t u[] = {350, 0xffff, 349};
	const struct run_gap gap = {2, 128};
	struct run_digest d;
	uint8_t out[32];

	(void)state;
	run_digest_init(&d);
	run_digest_final(&d, NULL, 0, out);
	assert_memory_equal(out, empty, 32);
	run_digest_init(&d);
	run_digest_cycles(&d, p, u, 3);
	run_digest_final(&d, &gap, 1, out);
	assert_memory_equal(out, three, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_every_part_counts),
		cmocka_unit_test(test_known_values),
	};

	if (sodium_init() < 0)
		return 1;
	for (uint32_t i = 0; i < N; i++) {
		period[i] = 8000 + i * 7919 % 600;
		depth[i] = (uint16_t)(300 + i * 31 % 100);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
