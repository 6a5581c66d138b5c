/* SPDX-License-Identifier: MIT */
/* The host's clocks, read together: this program stands between the daemon and the clocks, and lets
 * somebody else run between two readings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "core/hostclock.h"

#define BOOT_US	 (1000 * USEC_PER_SEC)
#define UTC_US	 INT64_C(1795000000000000)
#define ASLEEP	 (300 * USEC_PER_SEC)
#define SLEWED	 INT64_C(1234)
#define PAUSE_US (30 * USEC_PER_MSEC)

/* Readings so far, and those after which somebody else has a turn: the first @pauses of them, or
 * one of them. */
static int64_t now_us;
static unsigned readings, pauses, pause_at;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int64_t at_us = now_us;

	if (clock == CLOCK_REALTIME)
		at_us += UTC_US;
	else if (clock == CLOCK_BOOTTIME)
		at_us += BOOT_US;
	else if (clock == CLOCK_MONOTONIC)
		at_us += BOOT_US - ASLEEP;
	else
		at_us += BOOT_US - ASLEEP - SLEWED;
	*ret = (struct timespec){.tv_sec = at_us / USEC_PER_SEC,
				 .tv_nsec = at_us % USEC_PER_SEC * 1000};
	readings++;
	now_us += readings <= pauses || readings == pause_at ? PAUSE_US : 0;
	return 0;
}

static struct clock_sample read_clocks(unsigned first, unsigned one)
{
	struct clock_sample s = {0};

	now_us = 0;
	readings = 0;
	pauses = first;
	pause_at = one;
	hostclock_read(&s);
	return s;
}

static void assert_exact(const struct clock_sample *s)
{
	assert_int_equal(s->utc_minus_boot_us, UTC_US - BOOT_US);
	assert_int_equal(s->asleep_us, ASLEEP);
	assert_int_equal(s->slewed_us, SLEWED);
}

static void test_one_pause_anywhere(void **state)
{
	struct clock_sample s = read_clocks(0, 0);
	unsigned usual = readings;

	(void)state;
	assert_exact(&s);
	for (unsigned at = 1; at <= usual; at++) {
		s = read_clocks(0, at);
		assert_exact(&s);
		assert_in_range(readings, usual, 2 * usual);
	}
}

/* All of them once, then none. */
static void test_pauses_that_end(void **state)
{
	unsigned usual;

	(void)state;
	(void)read_clocks(0, 0);
	usual = readings;
	for (unsigned n = 1; n <= 3 * usual; n++) {
		struct clock_sample s = read_clocks(n, 0);

		assert_exact(&s);
	}
}

/* It never waits for a quiet moment that does not come. */
static void test_pauses_for_ever(void **state)
{
	struct clock_sample s = read_clocks(1000, 0);
	int64_t wrong_us = s.utc_minus_boot_us - (UTC_US - BOOT_US);

	(void)state;
	assert_in_range(readings, 5, 100);
	assert_true(wrong_us >= 0 && wrong_us <= 5 * PAUSE_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_pause_anywhere),
		cmocka_unit_test(test_pauses_that_end),
		cmocka_unit_test(test_pauses_for_ever),
	};

	return cmocka_run_group_tests_name("hostclock", tests, NULL, NULL);
}
