/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/summary.h"
#include "pw_cycles.h"

#define N 5000u

static uint32_t period[N];
static uint16_t depth[N];

static void fill(void)
{
	uint32_t x = 12345;

	for (uint32_t i = 0; i < N; i++) {
		x = x * 1664525u + 1013904223u;
		period[i] = i % 97 == 0	  ? PW_PERIOD_UNKNOWN
			    : i % 51 == 0 ? x >> 4
					  : 8000 + (x >> 20);
		depth[i] = i % 41 == 0 ? PW_DEPTH_UNKNOWN : (uint16_t)(x >> 19);
	}
}

/* Integer arithmetic, as the header words it. */
static uint64_t frequency(uint64_t period_us)
{
	return period_us == 0 ? 0 : (2 * UINT64_C(100000000) + period_us) / (2 * period_us);
}

static void rounding_is_exact(void **state)
{
	const uint16_t unknown = PW_DEPTH_UNKNOWN;

	(void)state;
	for (uint64_t p = 0; p < 1100000; p++) {
		uint32_t one = (uint32_t)p;
		uint64_t chz = frequency(p);
		struct summary s;

		summary_init(&s);
		summary_add(&s, &one, &unknown, 1);
		if (chz >= SUMMARY_FREQ_MIN_CHZ && chz <= SUMMARY_FREQ_MAX_CHZ) {
			assert_int_equal(s.freq_count, 1);
			assert_int_equal(s.freq_sum_chz, chz);
			assert_int_equal(s.freq_sq, chz * chz);
			assert_int_equal(s.freq_min_chz, chz);
			assert_int_equal(s.freq_max_chz, chz);
			assert_int_equal(s.freq_hist[MIN(chz / 100, (uint64_t)255)], 1);
		} else {
			assert_int_equal(s.freq_count, 0);
			assert_int_equal(s.freq_outside, 1);
		}
		assert_int_equal(s.period_count, 1);
	}
}

static void edges(void **state)
{
	const uint32_t periods[] = {0,	     1,	      1526,	      1527,
				    1005025, 1005026, UINT32_MAX - 1, PW_PERIOD_UNKNOWN};
	const uint16_t depths[] = {
		0, 24, 25, 3174, 3175, 65534, PW_DEPTH_UNKNOWN, PW_DEPTH_UNKNOWN};
	struct summary s;

	(void)state;
	summary_init(&s);
	summary_add(&s, periods, depths, 8);
	assert_int_equal(s.cycles, 8);
	assert_int_equal(s.period_count, 7);
	assert_int_equal(s.freq_count, 2);
	assert_int_equal(s.freq_outside, 5);
	assert_int_equal(s.freq_min_chz, 100);
	assert_int_equal(s.freq_max_chz, 65488);
	assert_int_equal(s.freq_hist[255], 1);
	assert_int_equal(s.freq_hist[1], 1);
	assert_int_equal(s.depth_count, 6);
	assert_int_equal(s.depth_min_um, 0);
	assert_int_equal(s.depth_max_um, 65534);
	assert_int_equal(s.depth_hist[0], 2);
	assert_int_equal(s.depth_hist[1], 1);
	assert_int_equal(s.depth_hist[126], 1);
	assert_int_equal(s.depth_hist[127], 2);
}

static void empty_has_no_values(void **state)
{
	uint32_t unknown = PW_PERIOD_UNKNOWN;
	uint16_t no_depth = PW_DEPTH_UNKNOWN;
	struct summary s;

	(void)state;
	summary_init(&s);
	summary_add(&s, &unknown, &no_depth, 1);
	assert_int_equal(s.cycles, 1);
	assert_int_equal(s.freq_min_chz, 0);
	assert_int_equal(s.freq_max_chz, 0);
	assert_true(isnan(summary_freq_mean_hz(&s)));
	assert_true(isnan(summary_freq_sd_hz(&s)));
	assert_true(isnan(summary_depth_mean_um(&s)));
	assert_true(isnan(summary_depth_sd_um(&s)));
}

/* In any pieces and any order of merging: the same value. */
static void merges_to_the_same(void **state)
{
	struct summary whole, merged, part;

	(void)state;
	fill();
	summary_init(&whole);
	summary_add(&whole, period, depth, N);
	summary_init(&merged);
	for (uint32_t end = N, from; end > 0; end = from) {
		from = end - MIN(end, 1 + end % 700);
		summary_init(&part);
		summary_add(&part, period + from, depth + from, end - from);
		if (from % 2)
			summary_merge(&merged, &part);
		else {
			summary_merge(&part, &merged);
			merged = part;
		}
	}
	assert_memory_equal(&whole, &merged, sizeof(whole));
}

static void moments_are_those_of_the_values(void **state)
{
	double mean = 0, square = 0, n = 0, f;
	struct summary s;

	(void)state;
	fill();
	summary_init(&s);
	summary_add(&s, period, depth, N);
	for (uint32_t i = 0; i < N; i++) {
		if (period[i] < 1527 || period[i] > 1005025)
			continue;
		f = (double)frequency(period[i]) / 100;
		mean += f;
		n++;
	}
	mean /= n;
	for (uint32_t i = 0; i < N; i++) {
		if (period[i] < 1527 || period[i] > 1005025)
			continue;
		f = (double)frequency(period[i]) / 100;
		square += (f - mean) * (f - mean);
	}
	assert_int_equal(s.freq_count, (uint64_t)n);
	assert_true(fabs(summary_freq_mean_hz(&s) - mean) < 1e-9);
	assert_true(fabs(summary_freq_sd_hz(&s) - sqrt(square / n)) < 1e-9);
}

static void steady_frequency_has_no_deviation(void **state)
{
	struct summary s;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		period[i] = 8333;
		depth[i] = 1000;
	}
	summary_init(&s);
	for (int i = 0; i < 200; i++)
		summary_add(&s, period, depth, N);
	assert_true(summary_freq_sd_hz(&s) == 0.0);
	assert_true(summary_depth_sd_um(&s) == 0.0);
	assert_true(summary_depth_mean_um(&s) == 1000.0);
}

static void histograms_come_back(void **state)
{
	uint8_t data[SUMMARY_ENCODED_MAX], shorter[SUMMARY_ENCODED_MAX];
	struct summary s, back;
	size_t len;

	(void)state;
	fill();
	summary_init(&s);
	summary_add(&s, period, depth, N);
	len = summary_hist_encode(&s, data);
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(summary_hist_decode(&back, data, len), 0);
	assert_memory_equal(back.freq_hist, s.freq_hist, sizeof(s.freq_hist));
	assert_memory_equal(back.depth_hist, s.depth_hist, sizeof(s.depth_hist));
	for (size_t i = 0; i < len; i++) { /* no beginning of it is one */
		memcpy(shorter, data, i);
		assert_int_equal(summary_hist_decode(&back, shorter, i), -EBADMSG);
	}
	data[len] = 0;
	assert_int_equal(summary_hist_decode(&back, data, len + 1), -EBADMSG);
}

static void fullest_histogram_fits(void **state)
{
	uint8_t data[SUMMARY_ENCODED_MAX];
	struct summary s, back;
	size_t len;

	(void)state;
	for (int pattern = 0; pattern < 4; pattern++) {
		summary_init(&s);
		for (uint32_t i = 0; i < SUMMARY_FREQ_BINS; i++)
			s.freq_hist[i] =
				pattern == 0 || i % (uint32_t)(pattern + 1) ? UINT32_MAX : 0;
		for (uint32_t i = 0; i < SUMMARY_DEPTH_BINS; i++)
			s.depth_hist[i] =
				pattern == 0 || i % (uint32_t)(pattern + 1) ? UINT32_MAX : 0;
		len = summary_hist_encode(&s, data);
		assert_true(len <= sizeof(data));
		assert_int_equal(summary_hist_decode(&back, data, len), 0);
		assert_memory_equal(back.freq_hist, s.freq_hist, sizeof(s.freq_hist));
	}
}

static void other_spellings_are_refused(void **state)
{
	static const struct {
		uint8_t data[8];
		size_t len;
	} bad[] = {
		{{1, 0, 0, 0}, 4},		     /* a stretch of nothing */
		{{1, 0, 1, 0, 0}, 5},		     /* a count of zero */
		{{2, 0, 1, 5, 0, 1, 5, 0}, 8},	     /* two stretches that are one */
		{{1, 0, 1, 0x85, 0x00, 0}, 6},	     /* a long form of 5 */
		{{1, 0x80, 2, 1, 5, 0}, 6},	     /* beyond the last bin */
		{{0x80, 0x80, 0x80, 0x80, 0x10}, 5}, /* 2^32 */
	};
	struct summary s;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(summary_hist_decode(&s, bad[i].data, bad[i].len), -EBADMSG);
	assert_int_equal(summary_hist_decode(&s, (const uint8_t *)"\0\0", 2), 0);
}

static void merged_histograms_saturate(void **state)
{
	struct summary a, b;

	(void)state;
	summary_init(&a);
	summary_init(&b);
	a.freq_hist[3] = UINT32_MAX - 1;
	b.freq_hist[3] = 5;
	summary_merge(&a, &b);
	assert_int_equal(a.freq_hist[3], UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounding_is_exact),
		cmocka_unit_test(edges),
		cmocka_unit_test(empty_has_no_values),
		cmocka_unit_test(merges_to_the_same),
		cmocka_unit_test(moments_are_those_of_the_values),
		cmocka_unit_test(steady_frequency_has_no_deviation),
		cmocka_unit_test(histograms_come_back),
		cmocka_unit_test(fullest_histogram_fits),
		cmocka_unit_test(other_spellings_are_refused),
		cmocka_unit_test(merged_histograms_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
