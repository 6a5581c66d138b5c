/* SPDX-License-Identifier: MIT */
/* What a session has from its pen beside runs: cartridges, the button, and its end when the pen rests. */
#include "attribute_world.h"

/* ---- cartridges ---- */

static int64_t uses(const char *where)
{
	return world_int(&w, "SELECT count(*) FROM item_use WHERE source = 'pen' AND %s", where);
}

static void cartridges_are_used(void **state)
{
	int64_t s, t;

	(void)state;
	synced(0);
	pen_cartridge(&p, true, "A", TICK(500));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(uses("session IS NULL"), 1);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(1000)));
	assert_int_equal(uses("session = 1 AND serial = 'A' AND until_us IS NULL"), 1);
	pen_cartridge(&p, false, "A", TICK(1200));
	pen_cartridge(&p, true, "B", TICK(1210));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(uses("session = 1 AND serial = 'B' AND needle = '0603RL'"), 1);
	assert_int_equal(world_int(&w, "SELECT until_us FROM item_use WHERE serial = 'A'"),
			 AT(1200));
	clinic_do(&w, "session.end", N("session", s), N("at", AT(2000)));
	pen_cartridge(&p, true, "C", TICK(2500)); /* B was never reported out */
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(world_int(&w, "SELECT until_us FROM item_use WHERE serial = 'B'"),
			 AT(2500));
	assert_int_equal(uses("serial = 'C' AND session IS NULL"), 1);
	/* B was still in it when the next one began */
	t = session_at(other, AT(2400), AT(3000));
	assert_int_equal(uses("serial = 'B'"), 2);
	assert_int_equal(uses("serial = 'B' AND session = 2"), 1);
	assert_int_equal(uses("serial = 'C' AND session = 2"), 1);
	assert_int_equal(uses("session IS NULL"), 0);
	clinic_do(&w, "session.void", N("session", t), T("reason", "nobody came"));
	assert_int_equal(uses("serial = 'B'"), 1);
	assert_int_equal(uses("serial = 'C' AND session IS NULL"), 1);
	/* what is signed keeps what it has */
	sign(s);
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0 + 5000 * SECOND_US, 0);
	assert_int_equal(uses("session = 1"), 2);
	assert_int_equal(world_int(&w, "SELECT at_us FROM item_use WHERE serial = 'B'"), AT(1210));
}

/* ---- button and idleness ---- */

static void press(uint64_t tick_us)
{
	union pw_rec_body body = {.button = {.action = PW_BUTTON_PRESS}};

	p.tick_us = tick_us;
	pen_add(&p, PW_REC_BUTTON, &body);
}

static void send_with_button(enum db_button button)
{
	uint64_t next = (uint64_t)world_int(&w, "SELECT next_seq FROM cursor WHERE log = %lld",
					    (long long)p.log);
	struct db_msg msg = ingest_msg(&p, next, p.next_seq, WORLD_NOW_US);

	msg.ingest.button = button;
	assert_int_equal(world_apply(&w, &msg), 0);
}

static void button_starts_and_ends(void **state)
{
	(void)state;
	synced(0);
	press(TICK(900));
	send_with_button(BUTTON_NONE);
	assert_int_equal(count_of(&w, "session", "true"), 0);
	p.tick_us = TICK(1000);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 10);
	press(TICK(1000) + 50000); /* while it runs, all in one message */
	p.tick_us = TICK(1020);
	pen_run_end(&p, 1, 10, TICK(1000));
	pen_run_at(&p, 2, TICK(1100), TICK(1110));
	p.tick_us = TICK(1200);
	pen_run_start(&p, 3);
	pen_cycles(&p, 3, 0, 10);
	press(TICK(1200) + 50000);
	p.tick_us = TICK(1210);
	pen_run_end(&p, 3, 10, TICK(1200));
	pen_run_at(&p, 4, TICK(1300), TICK(1310));
	send_with_button(BUTTON_TOGGLE);
	assert_int_equal(
		count_of(&w, "session",
			 "client IS NULL AND started_by = 'button' AND ended_by = 'button'"),
		1);
	assert_int_equal(
		count_of(&w, "entry", "action = 'session.button' AND actor = 'pen:INVENTED-1'"), 1);
	assert_int_equal(world_int(&w, "SELECT start_us FROM session"), AT(1000));
	assert_int_equal(session_of(1), 1);
	assert_int_equal(session_of(2), 1);
	assert_int_equal(session_of(3), 1);
	assert_int_equal(session_of(4), NOBODY);
	clinic_do(&w, "session.change", N("session", 1), N("client", client));
	assert_int_equal(count_of(&w, "session", "client = 1 AND kind = 'foundation'"), 1);
	/* whose time is not known does nothing */
	p.boot = 2;
	pen_boot(&p);
	press(TICK(10));
	send_with_button(BUTTON_TOGGLE);
	assert_int_equal(count_of(&w, "session", "true"), 1);
}

static uint32_t expire(int64_t now_us, bool live)
{
	struct db_msg msg = {
		.op = DB_EXPIRE,
		.expire = {.now_us = now_us, .idle_us = 3600 * SECOND_US, .live = BUF_INIT(0)}};

	json_open(&msg.expire.live, '[');
	if (live)
		json_int(&msg.expire.live, p.pen);
	json_close(&msg.expire.live, ']');
	assert_int_equal(world_apply(&w, &msg), 0);
	buf_done(&msg.expire.live);
	return msg.expire.closed;
}

static void idle_sessions_end(void **state)
{
	int64_t s, now = WORLD_NOW_US;

	(void)state;
	synced(SECOND_US);
	s = clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		      N("at", AT(1000)));
	pen_run_at(&p, 1, TICK(1100), TICK(1200));
	pen_run_at(&p, 2, TICK(1900), TICK(2000));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(expire(now + 3599 * SECOND_US, true), 0);
	/* while its pen is away, nobody knows whether it works */
	assert_int_equal(expire(now + 3601 * SECOND_US, false), 0);
	assert_int_equal(expire(now + 3601 * SECOND_US, true), 1);
	assert_int_equal(world_int(&w, "SELECT end_us FROM session WHERE id = %lld", (long long)s),
			 AT(2000));
	assert_int_equal(count_of(&w, "session", "state = 'closed' AND ended_by = 'idle'"), 1);
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), s); /* though it may have ended a second later */
	clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		  N("at", AT(3000)));
	assert_int_equal(expire(now + 11 * INT64_C(3600) * SECOND_US, false), 0);
	assert_int_equal(expire(now + 12 * INT64_C(3600) * SECOND_US + 1, false), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, attribute_setup, attribute_teardown)
	const struct CMUnitTest tests[] = {
		TEST(cartridges_are_used),
		TEST(button_starts_and_ends),
		TEST(idle_sessions_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
