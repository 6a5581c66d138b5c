/* SPDX-License-Identifier: MIT */
/* Whose a run is by its time: its bounds, its uncertainty, a better clock, another pen. */
#include "attribute_world.h"

/* What touches a bound is in; a microsecond beyond it is not. */
static void boundaries(void **state)
{
	int64_t s;

	(void)state;
	synced(0);
	s = session_at(client, AT(1000), AT(2000));
	pen_run_at(&p, 1, TICK(1000) - 1, TICK(1100));
	pen_run_at(&p, 2, TICK(1100), TICK(1200));
	pen_run_at(&p, 3, TICK(1900), TICK(2000));
	pen_run_at(&p, 4, TICK(2100), TICK(2200));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), NOBODY);
	assert_candidates(1, "1");
	assert_int_equal(session_of(2), s);
	assert_int_equal(session_of(3), s);
	assert_int_equal(session_of(4), NOBODY);
	assert_candidates(4, "");
	/* the same, when the runs were there before the session */
	s = session_at(other, AT(2100), AT(2200));
	assert_int_equal(session_of(4), s);
	clinic_do(&w, "session.change", N("session", s), N("start", AT(2100) + 1),
		  T("reason", "exactly"));
	assert_int_equal(session_of(4), NOBODY);
	clinic_do(&w, "session.change", N("session", s), N("start", AT(2100)),
		  T("reason", "not so"));
	assert_int_equal(session_of(4), s);
}

/* The whole possible range must lie within. */
static void uncertain(void **state)
{
	int64_t first, second;

	(void)state;
	synced(100 * SECOND_US);
	first = session_at(client, AT(1000), AT(2000));
	second = session_at(other, AT(2050), AT(3000));
	pen_run_at(&p, 1, TICK(1050), TICK(1060)); /* 950..1160 */
	pen_run_at(&p, 2, TICK(1500), TICK(1510));
	pen_run_at(&p, 3, TICK(2020), TICK(2030)); /* in neither, and may be in both */
	pen_run_at(&p, 4, TICK(2150), TICK(2160));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), NOBODY);
	assert_candidates(1, "1");
	assert_int_equal(session_of(2), first);
	assert_int_equal(session_of(3), NOBODY);
	assert_candidates(3, "2,1");
	assert_int_equal(session_of(4), second);
	/* measured better, all have their place, and the one between its own */
	synced(1);
	assert_int_equal(session_of(1), first);
	assert_int_equal(session_of(2), first);
	assert_int_equal(session_of(3), NOBODY);
	assert_candidates(3, "");
	assert_int_equal(count_of(&w, "finding", "kind LIKE 'run.%%'"), 0);
}

/* An estimated range may be hours wide; the run is found again when its session is entered. */
static void wide(void **state)
{
	int64_t s;

	(void)state;
	clinic_fit(&w, &p, 1, CLOCK_RTC, DAY0, 2 * 3600 * SECOND_US);
	pen_run_at(&p, 1, TICK(9000), TICK(9060));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), NOBODY);
	s = session_at(client, AT(1000), AT(9000 + 3 * 3600));
	assert_int_equal(session_of(1), s);
	clinic_do(&w, "session.change", N("session", s), N("end", AT(9000 + 3600)),
		  T("reason", "shorter"));
	assert_int_equal(session_of(1), NOBODY);
	assert_candidates(1, "1");
}

static void open_run_is_shown(void **state)
{
	int64_t s;

	(void)state;
	synced(1000);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(1000)));
	p.tick_us = TICK(1500);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 10);
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), s);
	/* ended in the middle of it: it stays to its end */
	clinic_do(&w, "session.end", N("session", s), N("at", AT(1500) + 40000));
	assert_int_equal(session_of(1), s);
	p.tick_us = TICK(1600);
	pen_run_end(&p, 1, 10, TICK(1500));
	pen_run_at(&p, 2, TICK(1700), TICK(1710));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), NOBODY);
	/* and begins no session that follows */
	s = clinic_do(&w, "session.start", N("client", other), T("pen", "INVENTED-1"),
		      N("at", AT(1550)));
	assert_int_equal(
		world_int(&w, "SELECT from_us FROM assignment WHERE session = %lld", (long long)s),
		AT(1550));
	assert_int_equal(session_of(2), s);
}

/* A session that starts on a running pen begins with its run. */
static void backdated(void **state)
{
	int64_t s;

	(void)state;
	synced(1000);
	pen_run_at(&p, 1, TICK(900), TICK(950));
	p.tick_us = TICK(1000);
	pen_run_start(&p, 2);
	pen_cycles(&p, 2, 0, 200);
	pen_send_rest(&w, &p, WORLD_NOW_US);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(1001)));
	assert_int_equal(
		world_int(&w, "SELECT from_us FROM assignment WHERE session = %lld", (long long)s),
		world_int(&w, "SELECT earliest_us FROM run WHERE number = 2"));
	assert_int_equal(session_of(2), s);
	p.tick_us = TICK(1010);
	pen_run_end(&p, 2, 200, TICK(1000));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(1), NOBODY);
	assert_int_equal(session_of(2), s);
}

/* An open run of a pen that fell silent is not going any more. */
static void silent_pen_is_not_working(void **state)
{
	int64_t s;

	(void)state;
	synced(1000);
	p.tick_us = TICK(1000);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 200);
	pen_send_rest(&w, &p, WORLD_NOW_US);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(2000)));
	assert_int_equal(
		world_int(&w, "SELECT from_us FROM assignment WHERE session = %lld", (long long)s),
		AT(2000));
	assert_int_equal(session_of(1), NOBODY);
}

static void pen_changed_halfway(void **state)
{
	struct test_pen q;
	int64_t s;

	(void)state;
	pen_init(&q, "INVENTED-2", 0xfedcba0987654321);
	pen_boot(&q);
	pen_attach(&w, &q, WORLD_NOW_US);
	pen_send_rest(&w, &q, WORLD_NOW_US);
	synced(1000);
	clinic_fit(&w, &q, 1, CLOCK_SYNCED, DAY0, 1000);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(1000)));
	clinic_do(&w, "session.pen", N("session", s), T("pen", "INVENTED-2"),
		  T("release", "INVENTED-1"), N("at", AT(1500)));
	pen_run_at(&p, 1, TICK(1100), TICK(1110));
	pen_run_at(&p, 2, TICK(1600), TICK(1610));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	pen_run_at(&q, 3, TICK(1400), TICK(1410));
	pen_run_at(&q, 4, TICK(1600), TICK(1610));
	pen_send_rest(&w, &q, WORLD_NOW_US);
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), NOBODY);
	assert_int_equal(session_of(3), NOBODY);
	assert_int_equal(session_of(4), s);
	clinic_refused(&w, "held by session #1 of client 1001", "session.start", N("client", other),
		       T("pen", "INVENTED-2"), N("at", AT(1700)));
	clinic_do(&w, "session.start", N("client", other), T("pen", "INVENTED-1"),
		  N("at", AT(1590)));
	assert_int_equal(session_of(2), s + 1);
	pen_done(&q);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, attribute_setup, attribute_teardown)
	const struct CMUnitTest tests[] = {
		TEST(boundaries),	   TEST(uncertain), TEST(wide),
		TEST(open_run_is_shown),   TEST(backdated), TEST(silent_pen_is_not_working),
		TEST(pen_changed_halfway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
