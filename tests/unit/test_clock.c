/* SPDX-License-Identifier: MIT */
/* The clock estimator against simulated pens whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/clock.h"

#define SEC	 USEC_PER_SEC
#define MINUTE	 (60 * SEC)
#define HOUR	 (60 * MINUTE)
#define BOOT	 7
#define UTC_BASE (INT64_C(1700000000) * SEC) /* UTC when CLOCK_BOOTTIME was 0 */

/* A pen and a host. The truth is CLOCK_BOOTTIME, called now_us. */
struct sim {
	int64_t now_us;	  /* host */
	int64_t power_us; /* when the pen was switched on */
	int64_t rate_ppb; /* the pen's oscillator: positive is fast */
	int64_t added_us; /* ticks that the pen jumped by */
	int64_t utc_us;	  /* UTC - boot */
	int64_t asleep_us, slewed_us;
	uint64_t random;
	struct clock clock;
	struct clock_news news;
	unsigned refits, jumps;
};

static uint64_t draw(struct sim *s, uint64_t below)
{
	/* splitmix64 */
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

static uint64_t tick_at(const struct sim *s, int64_t at_us)
{
	int64_t d = at_us - s->power_us;

	return (uint64_t)(d + (int64_t)((__int128)d * s->rate_ppb / 1000000000) + s->added_us);
}

/* A ping that takes @out_us there and @back_us back. */
static void ping_with(struct sim *s, int64_t out_us, int64_t back_us)
{
	struct clock_sample sample = {.boot = BOOT, .sent_us = s->now_us};

	sample.tick_us = tick_at(s, s->now_us + out_us);
	s->now_us += out_us + back_us;
	sample.received_us = s->now_us;
	sample.utc_minus_boot_us = s->utc_us;
	sample.asleep_us = s->asleep_us;
	sample.slewed_us = s->slewed_us;
	clock_add(&s->clock, &sample, &s->news);
	s->refits += s->news.refit;
	s->jumps += s->news.jumped;
}

static void ping(struct sim *s)
{
	int64_t out = 100 + (int64_t)draw(s, 3000), back = 100 + (int64_t)draw(s, 3000);

	ping_with(s, out, back);
}

static void sim_start(struct sim *s, int64_t rate_ppb)
{
	*s = (struct sim){.now_us = 100 * HOUR,
			  .power_us = 92 * HOUR,
			  .rate_ppb = rate_ppb,
			  .utc_us = UTC_BASE,
			  .random = 1};
	clock_begin(&s->clock, BOOT, NULL);
}

/* The fit's time of the tick that the pen showed at @at_us must be right within the error it tells.
 */
static void check_truth(const struct sim *s, const struct clock_fit *fit, int64_t at_us)
{
	struct clock_time t = clock_fit_map(fit, tick_at(s, at_us));

	if (at_us + s->utc_us < t.earliest_us || at_us + s->utc_us > t.latest_us)
		fail_msg("at %lld us: off by %lld us, error told %lld us", (long long)at_us,
			 (long long)(t.at_us - at_us - s->utc_us),
			 (long long)(t.latest_us - t.at_us));
}

static void check_whole_boot(const struct sim *s, const struct clock_fit *fit)
{
	int64_t step = (s->now_us - s->power_us) / 50;

	for (int64_t at = s->power_us; at <= s->now_us; at += step)
		check_truth(s, fit, at);
}

static int64_t error_at(const struct clock_fit *fit, uint64_t tick)
{
	struct clock_time t = clock_fit_map(fit, tick);

	return t.latest_us - t.at_us;
}

static void test_first_sample(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 80000);
	ping_with(&s, 400, 600);
	assert_true(s.news.refit);
	assert_false(s.news.jumped);
	assert_int_equal(s.clock.fit.quality, CLOCK_SYNCED);
	assert_int_equal(s.clock.fit.drift_ppb, 0);
	assert_in_range(s.clock.fit.err0_us, 500, 500 + CLOCK_GRANULARITY_US);
	assert_in_range(s.clock.fit.err_ppb, CLOCK_UNMEASURED_PPB,
			CLOCK_UNMEASURED_PPB + CLOCK_WANDER_PPB);
	assert_int_equal(s.clock.best_rtt_us, 1000);
	check_whole_boot(&s, &s.clock.fit);
}

static void test_error_shrinks(void **state)
{
	uint64_t last_ppb = UINT32_MAX;
	struct sim s;

	(void)state;
	sim_start(&s, -37000);
	for (int i = 0; i < 480; i++) {
		ping(&s);
		check_whole_boot(&s, &s.clock.fit);
		check_whole_boot(&s, &s.clock.published);
		assert_true(s.clock.fit.err_ppb <= last_ppb + 200); /* samples are thinned */
		last_ppb = s.clock.fit.err_ppb;
		s.now_us += MINUTE;
	}
	assert_int_equal(s.jumps, 0);
	/* Each refit halves the error, from 2.9 s down to 0.1 s, or two or three more. */
	assert_in_range(s.refits, 3, 10);
	assert_in_range(s.clock.fit.err_ppb, CLOCK_WANDER_PPB, CLOCK_WANDER_PPB + 500);
	assert_in_range(s.clock.fit.drift_ppb, 37000 - 500, 37000 + 500);
	assert_in_range(error_at(&s.clock.published, 0), 0, 200000);
}

/* A crystal worse than assumed: the first estimate's error is too small, and the second notices. */
static void test_worse_than_assumed(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 300000);
	for (int i = 0; i < 60; i++) {
		ping(&s);
		if (i > 1)
			check_whole_boot(&s, &s.clock.published);
		s.now_us += MINUTE;
	}
	assert_int_equal(s.jumps, 0);
	assert_in_range(-s.clock.fit.drift_ppb, 300000 - 3000, 300000 + 3000);
}

static void check_between(const struct sim *s, int64_t from_us, int64_t to_us)
{
	const struct clock_jump *j = &s->news.jump;

	assert_int_equal(j->between.quality, CLOCK_ESTIMATED);
	for (int64_t at = from_us; at <= to_us; at += (to_us - from_us) / 20)
		if (tick_at(s, at) >= j->between_from_tick_us)
			check_truth(s, &j->between, at);
}

static void jump(int64_t by_us)
{
	int64_t before_us, jump_us;
	struct clock_fit before;
	struct sim s;

	sim_start(&s, 20000);
	for (int i = 0; i < 30; i++) {
		ping(&s);
		s.now_us += MINUTE;
	}
	before_us = s.now_us - MINUTE;
	before = s.clock.published;
	check_whole_boot(&s, &before);
	jump_us = s.now_us - 13 * SEC;
	/* What the pen made between the sample and the jump, and its time after it. */
	s.added_us = by_us;
	ping(&s);
	assert_true(s.news.jumped);
	assert_true(s.news.refit);
	assert_in_range(s.news.jump.jump_us - by_us + 5000, 0, 10000);
	check_between(&s, jump_us, s.now_us);
	s.added_us = 0;
	check_between(&s, before_us, jump_us);
	s.added_us = by_us;
	if (by_us > -MINUTE) { /* the tick went on, though less than the time */
		assert_int_equal(s.clock.from_tick_us, s.news.jump.after_tick_us);
		assert_int_equal(s.news.jump.between_from_tick_us, s.news.jump.before_tick_us + 1);
	} else {
		assert_int_equal(s.clock.from_tick_us, s.news.jump.before_tick_us + 1);
		assert_int_equal(s.news.jump.between_from_tick_us, s.news.jump.after_tick_us);
	}
	check_truth(&s, &s.clock.fit, s.now_us);
	s.now_us += MINUTE;
	ping(&s);
	assert_false(s.news.jumped);
	check_truth(&s, &s.clock.fit, s.now_us);
	assert_int_equal(s.jumps, 1);
}

static void test_jump_forward(void **state)
{
	(void)state;
	jump(90000);
	jump(3 * SEC);
	jump(5 * HOUR);
}

static void test_jump_backward(void **state)
{
	(void)state;
	jump(-90000);
	jump(-3 * SEC);
	jump(-2 * HOUR);
}

/* Ticks that the pen mentions in between tell when a jump was, if it is larger than they can be
 * late. */
static void test_jump_narrowed_by_mentions(void **state)
{
	(void)state;
	for (int64_t by_us = -2 * HOUR; by_us <= 2 * HOUR; by_us += HOUR / 2) {
		int64_t mentioned_us;
		struct sim s;

		if (by_us == 0)
			continue;
		sim_start(&s, 20000);
		ping(&s);
		for (int i = 0; i < 30; i++) {
			s.now_us += SEC;
			assert_true(
				clock_mention(&s.clock, tick_at(&s, s.now_us - 3000), s.now_us));
		}
		mentioned_us = s.now_us;
		s.now_us += SEC / 2;
		s.added_us = by_us;
		s.now_us += SEC / 2;
		assert_false(clock_mention(&s.clock, tick_at(&s, s.now_us), s.now_us));
		ping(&s);
		assert_true(s.news.jumped);
		check_between(&s, mentioned_us + SEC / 2, s.now_us);
		s.added_us = 0;
		assert_int_equal(s.news.jump.before_tick_us, tick_at(&s, mentioned_us - 3000));
		check_between(&s, mentioned_us, mentioned_us + SEC / 2);
		/* What the pen made before that keeps its time. */
		assert_true(by_us < 0 ||
			    s.news.jump.between_from_tick_us == s.news.jump.before_tick_us + 1);
	}
}

/* A small one hides in them: then only samples count. */
static void test_small_jump_between_mentions(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	ping(&s);
	s.now_us += 10 * SEC;
	assert_true(clock_mention(&s.clock, tick_at(&s, s.now_us), s.now_us));
	s.added_us = 200000;
	s.now_us += 10 * SEC;
	assert_true(clock_mention(&s.clock, tick_at(&s, s.now_us), s.now_us));
	ping(&s);
	assert_true(s.news.jumped);
	assert_in_range(s.news.jump.before_tick_us, 0, (uint64_t)(8 * HOUR + SEC));
}

/* A tick back to nothing with the same boot number: firmware that forgot to count its boots. */
static void test_jump_to_zero(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	ping(&s);
	s.now_us += MINUTE;
	s.power_us = s.now_us - SEC;
	ping(&s);
	assert_true(s.news.jumped);
	assert_true(s.news.jump.jump_us < -7 * HOUR);
	assert_true(s.news.jump.between.err0_us > 3 * HOUR);
}

static void test_slow_answers_are_no_jump(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 50000);
	for (int i = 0; i < 200; i++) {
		if (draw(&s, 4) == 0)
			ping_with(&s, (int64_t)draw(&s, 2 * SEC), (int64_t)draw(&s, 2 * SEC));
		else
			ping(&s);
		assert_false(s.news.jumped);
		check_whole_boot(&s, &s.clock.published);
		s.now_us += (int64_t)draw(&s, 2 * MINUTE);
	}
}

static void test_host_clock_set(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 10000);
	for (int i = 0; i < 10; i++) {
		ping(&s);
		s.now_us += MINUTE;
	}
	s.utc_us += HOUR;
	ping(&s);
	assert_false(s.news.jumped);
	assert_true(s.news.refit);
	assert_int_equal(s.clock.from_tick_us, 0);
	check_whole_boot(&s, &s.clock.fit);
	/* By less than the error told: nothing to write. */
	s.utc_us += 1000;
	s.now_us += MINUTE;
	ping(&s);
	assert_false(s.news.jumped);
	assert_false(s.news.refit);
}

static void test_host_slept(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 10000);
	for (int i = 0; i < 10; i++) {
		ping(&s);
		s.now_us += MINUTE;
	}
	/* The host's idea of the time that it slept is wrong by 1.3 s. */
	s.asleep_us = 2 * HOUR;
	s.now_us += 2 * HOUR;
	s.added_us += 1300000;
	ping(&s);
	assert_false(s.news.jumped);
	check_truth(&s, &s.clock.fit, s.now_us);
	/* Awake, the same is a jump. */
	s.added_us += 1300000;
	s.now_us += 10 * SEC;
	ping(&s);
	assert_true(s.news.jumped);
}

static void test_host_slewed(void **state)
{
	struct sim s;

	(void)state;
	for (int told = 0; told < 2; told++) {
		sim_start(&s, 10000);
		for (int i = 0; i < 10; i++) {
			ping(&s);
			s.now_us += MINUTE;
		}
		/* Time keeping makes the host's clock run one second more in this minute. */
		s.added_us -= SEC;
		s.slewed_us += told ? SEC : 0;
		ping(&s);
		assert_int_equal(s.news.jumped, !told);
		check_truth(&s, &s.clock.fit, s.now_us);
	}
}

static void test_stored_fit(void **state)
{
	struct clock_fit stored;
	struct sim s;

	(void)state;
	sim_start(&s, 45000);
	for (int i = 0; i < 60; i++) {
		ping(&s);
		s.now_us += MINUTE;
	}
	stored = s.clock.published;
	/* The daemon starts again, hours later. */
	s.now_us += 3 * HOUR;
	clock_begin(&s.clock, BOOT, &stored);
	ping(&s);
	assert_false(s.news.jumped);
	assert_in_range(s.clock.fit.err_ppb, 0, stored.err_ppb + CLOCK_WANDER_PPB);
	check_whole_boot(&s, &s.clock.fit);
	/* Meanwhile the pen's clock jumped by a minute. */
	clock_begin(&s.clock, BOOT, &stored);
	s.added_us += MINUTE;
	ping(&s);
	assert_true(s.news.jumped);
	assert_in_range(s.news.jump.jump_us, MINUTE - SEC, MINUTE + SEC);
	assert_int_equal(s.news.jump.before_tick_us, stored.tick0_us);
	check_truth(&s, &s.clock.fit, s.now_us);
}

/* The host's UTC was a second wrong when the fit was stored: no jump, and nothing of it is believed
 * but the rate. */
static void test_stored_fit_of_wrong_host(void **state)
{
	struct clock_fit stored;
	struct sim s;

	(void)state;
	sim_start(&s, 45000);
	for (int i = 0; i < 60; i++) {
		ping(&s);
		s.now_us += MINUTE;
	}
	stored = s.clock.published;
	stored.utc0_us -= SEC;
	clock_begin(&s.clock, BOOT, &stored);
	s.now_us += 3 * HOUR;
	ping(&s);
	assert_false(s.news.jumped);
	assert_true(s.news.refit);
	check_whole_boot(&s, &s.clock.fit);
}

/* Only what was measured counts as an earlier estimate. */
static void test_stored_rtc_is_no_fit(void **state)
{
	struct clock_fit stored = {.quality = CLOCK_RTC, .utc0_us = UTC_BASE, .err0_us = 1};
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	clock_begin(&s.clock, BOOT, &stored);
	assert_false(s.clock.have_fit);
	ping(&s);
	assert_false(s.news.jumped);
	assert_true(s.news.refit);
}

static void test_unpublish(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	assert_false(clock_unpublish(&s.clock));
	ping_with(&s, 100, 100);
	s.now_us += SEC;
	ping_with(&s, 200, 200);
	assert_false(s.news.refit);
	assert_true(clock_unpublish(&s.clock));
	s.now_us += SEC;
	ping_with(&s, 300, 300);
	assert_true(s.news.refit);
}

static void test_nonsense_is_dropped(void **state)
{
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	clock_add(&s.clock, &(struct clock_sample){.boot = BOOT, .sent_us = 2, .received_us = 1},
		  &s.news);
	assert_false(s.news.refit);
	clock_add(&s.clock,
		  &(struct clock_sample){
			  .boot = BOOT, .sent_us = 1, .received_us = 2, .tick_us = UINT64_MAX},
		  &s.news);
	assert_false(s.news.refit);
	clock_add(&s.clock,
		  &(struct clock_sample){.boot = BOOT,
					 .sent_us = 1,
					 .received_us = 2,
					 .tick_us = CLOCK_TICK_MAX + 1},
		  &s.news);
	assert_false(s.news.refit);
	assert_int_equal(s.clock.n, 0);
}

/* The wildest clock that is listened to: from end to end and back. Every sum must fit, which only a
 * build with sanitizers sees; of times far off, the bounds are as wide as they must be. */
static void test_wild_ticks(void **state)
{
	static const uint64_t ticks[] = {
		CLOCK_TICK_MAX, 0, CLOCK_TICK_MAX, CLOCK_TICK_MAX - 1, 5, CLOCK_TICK_MAX / 2,
	};
	struct sim s;

	(void)state;
	sim_start(&s, 0);
	for (size_t i = 0; i < 10 * ELEMENTSOF(ticks); i++) {
		uint64_t tick = ticks[i % ELEMENTSOF(ticks)];

		s.now_us += SEC;
		(void)clock_mention(&s.clock, ticks[draw(&s, ELEMENTSOF(ticks))], s.now_us);
		s.now_us += SEC;
		clock_add(&s.clock,
			  &(struct clock_sample){.boot = BOOT,
						 .tick_us = tick,
						 .sent_us = s.now_us - 1000,
						 .received_us = s.now_us,
						 .utc_minus_boot_us = s.utc_us},
			  &s.news);
		assert_true(s.news.refit);
		/* next to the last one there is no jump, and begun anew after some, there is none
		 * to compare with */
		s.jumps += s.news.jumped;
		assert_in_range(clock_fit_map(&s.clock.fit, tick).at_us, UTC_BASE + s.now_us - 2000,
				UTC_BASE + s.now_us + 2000);
		if (i % 7 == 6)
			clock_begin(&s.clock, BOOT,
				    &(struct clock_fit){.quality = CLOCK_SYNCED,
							.tick0_us = tick,
							.utc0_us = UTC_BASE});
	}
	assert_in_range(s.jumps, 30, 60);
	clock_begin(&s.clock, BOOT,
		    &(struct clock_fit){.quality = CLOCK_SYNCED, .tick0_us = CLOCK_TICK_MAX + 1});
	assert_false(s.clock.have_fit);
}

/* Any crystal within the assumption, any round trips, any gaps: the truth is never outside of what
 * is told. */
static void test_bounds_hold(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct sim s;

		sim_start(&s, 0);
		s.random = seed;
		s.rate_ppb = (int64_t)draw(&s, 200000) - 100000;
		s.power_us = s.now_us - (int64_t)draw(&s, 12 * HOUR) - SEC;
		for (int i = 0; i < 100; i++) {
			ping_with(&s, (int64_t)draw(&s, 1 + draw(&s, 50000)),
				  (int64_t)draw(&s, 1 + draw(&s, 50000)));
			assert_false(s.news.jumped);
			check_whole_boot(&s, &s.clock.fit);
			check_whole_boot(&s, &s.clock.published);
			s.now_us += (int64_t)draw(&s, 10 * MINUTE);
		}
		assert_int_equal(s.clock.n, CLOCK_SAMPLES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_sample),
		cmocka_unit_test(test_error_shrinks),
		cmocka_unit_test(test_worse_than_assumed),
		cmocka_unit_test(test_jump_forward),
		cmocka_unit_test(test_jump_backward),
		cmocka_unit_test(test_jump_to_zero),
		cmocka_unit_test(test_jump_narrowed_by_mentions),
		cmocka_unit_test(test_small_jump_between_mentions),
		cmocka_unit_test(test_slow_answers_are_no_jump),
		cmocka_unit_test(test_host_clock_set),
		cmocka_unit_test(test_host_slept),
		cmocka_unit_test(test_host_slewed),
		cmocka_unit_test(test_stored_fit),
		cmocka_unit_test(test_stored_fit_of_wrong_host),
		cmocka_unit_test(test_stored_rtc_is_no_fit),
		cmocka_unit_test(test_unpublish),
		cmocka_unit_test(test_nonsense_is_dropped),
		cmocka_unit_test(test_wild_ticks),
		cmocka_unit_test(test_bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
