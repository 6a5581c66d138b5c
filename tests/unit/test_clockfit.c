/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clockfit.h"

#define UTC INT64_C(1795000000000000)

static void names(void **state)
{
	(void)state;
	assert_string_equal(clock_quality_name(CLOCK_SYNCED), "synced");
	assert_string_equal(clock_quality_name(CLOCK_RTC), "rtc");
	assert_string_equal(clock_quality_name(CLOCK_ESTIMATED), "estimated");
}

static void maps_both_ways_from_its_origin(void **state)
{
	const struct clock_fit fit = {.quality = CLOCK_SYNCED,
				      .tick0_us = 5000000,
				      .utc0_us = UTC,
				      .drift_ppb = 20000,
				      .err0_us = 300,
				      .err_ppb = 1000};
	struct clock_time t;

	(void)state;
	t = clock_fit_map(&fit, 5000000);
	assert_int_equal(t.at_us, UTC);
	assert_int_equal(t.earliest_us, UTC - 300);
	assert_int_equal(t.latest_us, UTC + 300);
	assert_int_equal(t.quality, CLOCK_SYNCED);
	t = clock_fit_map(&fit,
			  5000000 + 1000000000); /* 1000 s later: 20 ms slow, 1 ms more error */
	assert_int_equal(t.at_us, UTC + 1000000000 + 20000);
	assert_int_equal(t.latest_us - t.at_us, 1300);
	assert_int_equal(t.at_us - t.earliest_us, 1300);
	t = clock_fit_map(&fit, 0);
	assert_int_equal(t.at_us, UTC - 5000000 - 100);
	assert_int_equal(t.latest_us - t.at_us, 305);
}

static void order_always_holds(void **state)
{
	static const uint64_t ticks[] = {0, 1, UINT64_C(1) << 40, INT64_MAX, UINT64_MAX};
	static const int64_t utcs[] = {INT64_MIN, -1, 0, UTC, INT64_MAX};
	static const int32_t drifts[] = {INT32_MIN, -1, 0, 1, INT32_MAX};
	static const int64_t errors[] = {0, 1, INT64_MAX, -5};

	(void)state;
	for (size_t a = 0; a < ELEMENTSOF(ticks); a++)
		for (size_t b = 0; b < ELEMENTSOF(ticks); b++)
			for (size_t c = 0; c < ELEMENTSOF(utcs); c++)
				for (size_t d = 0; d < ELEMENTSOF(drifts); d++)
					for (size_t e = 0; e < ELEMENTSOF(errors); e++) {
						struct clock_fit fit = {.tick0_us = ticks[a],
									.utc0_us = utcs[c],
									.drift_ppb = drifts[d],
									.err0_us = errors[e],
									.err_ppb = UINT32_MAX};
						struct clock_time t = clock_fit_map(&fit, ticks[b]);

						assert_true(t.earliest_us <= t.at_us);
						assert_true(t.at_us <= t.latest_us);
						assert_true(t.earliest_us > INT64_MIN);
					}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(maps_both_ways_from_its_origin),
		cmocka_unit_test(order_always_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
