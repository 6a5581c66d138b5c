/* SPDX-License-Identifier: MIT */
/* Whose a run is by what people say: signatures, links by hand, what contradicts what they said. */
#include "attribute_world.h"

/* ---- signed ---- */

/* A better fit never moves a run of a signed session, out of it or into it; it is said, once. */
static void signed_stays(void **state)
{
	int64_t s;

	(void)state;
	synced(SECOND_US);
	s = session_at(client, AT(1000), AT(2000));
	pen_run_at(&p, 1, TICK(1010), TICK(1020));
	pen_run_at(&p, 2, TICK(1500), TICK(1510));
	pen_run_at(&p, 3, TICK(2001), TICK(2004));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(3), NOBODY);
	sign(s);
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0 - 20 * SECOND_US, 1);
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), s);
	assert_int_equal(session_of(3), NOBODY);
	assert_candidates(3, "1");
	assert_int_equal(count_of(&w, "finding", "kind = 'run.moved'"), 1);
	assert_int_equal(count_of(&w, "finding", "kind = 'run.late'"), 1);
	assert_int_equal(
		world_int(&w, "SELECT detail ->> 'run' FROM finding WHERE kind = 'run.moved'"),
		id_of(1));
	assert_int_equal(
		world_int(&w, "SELECT detail ->> 'run' FROM finding WHERE kind = 'run.late'"),
		id_of(3));
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0 - 21 * SECOND_US, 1);
	assert_int_equal(count_of(&w, "finding", "kind LIKE 'run.%%'"), 2);
	/* what is read after the signature waits for somebody too */
	pen_run_at(&p, 4, TICK(2012), TICK(2016));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_int_equal(session_of(4), NOBODY);
	assert_int_equal(count_of(&w, "finding", "kind = 'run.late'"), 2);
}

static void signed_changes_by_amendment(void **state)
{
	char runs[32];
	int64_t s;

	(void)state;
	synced(0);
	s = session_at(client, AT(1000), AT(2000));
	pen_run_at(&p, 1, TICK(1100), TICK(1110));
	pen_run_at(&p, 2, TICK(2100), TICK(2110));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	sign(s);
	clinic_refused(&w, "is signed", "run.link", N("session", s), T("runs", runs_text(2, runs)),
		       T("reason", "it was"));
	clinic_refused(&w, "is signed", "run.unlink", T("runs", runs_text(1, runs)),
		       T("reason", "it was not"));
	clinic_refused(&w, "is signed", "session.change", N("session", s), N("end", AT(2200)),
		       T("reason", "longer"));
	clinic_do(&w, "session.change", N("session", s), N("end", AT(2200)), T("reason", "longer"),
		  N("amend", 1));
	assert_int_equal(session_of(2), s);
	assert_int_equal(attribution_of(2), 1);
	assert_int_equal(world_int(&w, "SELECT amended FROM session WHERE id = %lld", (long long)s),
			 1);
	clinic_do(&w, "session.change", N("session", s), N("start", AT(1200)), T("reason", "later"),
		  N("amend", 1));
	assert_int_equal(session_of(1), NOBODY);
	assert_int_equal(session_of(2), s);
}

/* ---- by hand ---- */

static void by_hand(void **state)
{
	char runs[32];
	int64_t s, t;

	(void)state;
	synced(0);
	s = session_at(client, AT(1000), AT(2000));
	t = session_at(other, AT(4000), AT(5000));
	for (int i = 1; i <= 4; i++)
		pen_run_at(&p, (uint32_t)i, TICK(1000 + i * 100), TICK(1000 + i * 100 + 10));
	pen_run_at(&p, 5, TICK(3000), TICK(3010));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	clinic_do(&w, "run.link", N("session", t), T("runs", runs_text(5, runs)),
		  T("reason", "forgot to start"));
	clinic_do(&w, "run.link", N("session", t), T("runs", runs_text(1, runs)),
		  T("reason", "another client"));
	clinic_do(&w, "run.unlink", T("runs", runs_text(2, runs)), T("reason", "nobody"));
	clinic_do(&w, "run.unlink", T("runs", runs_text(3, runs)), T("reason", "a test"));
	clinic_do(&w, "run.dismiss", T("runs", runs_text(3, runs)), T("reason", "a test"),
		  T("kind", "test"));
	clinic_refused(&w, "belongs to session #1", "run.dismiss", T("runs", runs_text(4, runs)),
		       T("reason", "x"), T("kind", "other"));
	clinic_refused(&w, "There is no run #99.", "run.link", N("session", s),
		       T("runs", "[\"99\"]"), T("reason", "x"));
	clinic_refused(&w, "is in session #2 already", "run.link", N("session", t),
		       T("runs", runs_text(5, runs)), T("reason", "x"));
	/* neither a fit nor a change of times touches what somebody decided */
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0 + 3 * SECOND_US, 1);
	clinic_do(&w, "session.change", N("session", s), N("end", AT(2500)), T("reason", "longer"));
	assert_int_equal(session_of(1), t);
	assert_int_equal(session_of(2), NOBODY);
	assert_int_equal(attribution_of(2), 2);
	assert_int_equal(session_of(3), NOBODY);
	assert_int_equal(attribution_of(3), 3);
	assert_int_equal(session_of(4), s);
	assert_int_equal(session_of(5), t);
	assert_int_equal(count_of(&w, "unattributed_runs", "true"), 1);
	/* unless they say that time decides again */
	clinic_do(&w, "run.unlink", T("runs", runs_text(1, runs)), T("reason", "mistaken"),
		  N("by_time", 1));
	clinic_do(&w, "run.unlink", T("runs", runs_text(2, runs)), T("reason", "mistaken"),
		  N("by_time", 1));
	clinic_do(&w, "run.unlink", T("runs", runs_text(3, runs)), T("reason", "mistaken"),
		  N("by_time", 1));
	clinic_do(&w, "run.unlink", T("runs", runs_text(5, runs)), T("reason", "mistaken"),
		  N("by_time", 1));
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), s);
	assert_int_equal(session_of(3), s);
	assert_int_equal(session_of(5), NOBODY);
}

static void by_period(void **state)
{
	int64_t s;

	(void)state;
	synced(0);
	for (int i = 0; i < 10; i++)
		pen_run_at(&p, (uint32_t)i + 1, TICK(1000 + i * 100), TICK(1000 + i * 100 + 50));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	s = clinic_do(&w, "session.add", N("client", client), N("start", AT(1000)),
		      N("end", AT(2000)));
	clinic_refused(&w, "only partly", "run.link", N("session", s), T("pen", "INVENTED-1"),
		       N("since", AT(1120)), N("until", AT(1500)), T("reason", "late"));
	clinic_refused(&w, "only partly", "run.dismiss", T("pen", "INVENTED-1"),
		       N("since", AT(1100)), N("until", AT(1520)), T("reason", "late"),
		       T("kind", "test"));
	clinic_do(&w, "run.link", N("session", s), T("pen", "INVENTED-1"), N("since", AT(1100)),
		  N("until", AT(1500)), T("reason", "late"));
	assert_int_equal(count_of(&w, "run", "session = 1 AND attribution = 2"), 4);
	clinic_do(&w, "run.dismiss", T("pen", "INVENTED-1"), N("since", AT(1000)),
		  N("until", AT(2000)), T("reason", "rest"), T("kind", "training"));
	assert_int_equal(count_of(&w, "run", "attribution = 3 AND dismissed = 'training'"), 6);
	clinic_refused(&w, "belongs to nobody", "run.link", N("session", s), T("pen", "INVENTED-1"),
		       N("since", AT(1100)), N("until", AT(1500)), T("reason", "late"));
}

static void taken_back(void **state)
{
	char runs[32];
	int64_t s;

	(void)state;
	synced(0);
	s = session_at(client, AT(1000), AT(2000));
	pen_run_at(&p, 1, TICK(1100), TICK(1110));
	pen_run_at(&p, 2, TICK(2100), TICK(2110));
	pen_cartridge(&p, true, "LOT1-7", TICK(2120));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	clinic_do(&w, "run.link", N("session", s), T("runs", runs_text(2, runs)),
		  T("reason", "late"));
	clinic_do(&w, "session.void", N("session", s), T("reason", "nobody came"));
	assert_int_equal(session_of(1), NOBODY);
	assert_int_equal(session_of(2), NOBODY);
	assert_int_equal(attribution_of(2), 0);
	s = session_at(other, AT(1000), AT(2200));
	assert_int_equal(session_of(1), s);
	assert_int_equal(session_of(2), s);
}

/* ---- conflicts ---- */

static void conflicts_are_named(void **state)
{
	int64_t chair = clinic_do(&w, "place.add", T("name", "Chair 1"), T("kind", "chair"));

	(void)state;
	clinic_do(&w, "session.start", N("client", client), T("pen", "INVENTED-1"),
		  N("place", chair), N("at", AT(1000)));
	clinic_refused(
		&w, "Pen INVENTED-1 is held by session #1 of client 1001 since 2026-11-18 03:23",
		"session.start", N("client", other), T("pen", "INVENTED-1"), N("at", AT(1100)));
	clinic_refused(&w, "Client 1001 is in session #1 since 2026-11-18 03:23", "session.start",
		       N("client", client), N("at", AT(1100)));
	clinic_refused(&w, "Chair 1 is taken by session #1 of client 1001", "session.start",
		       N("client", other), N("place", chair), N("at", AT(1100)));
	clinic_do(&w, "session.end", N("session", 1), N("at", AT(2000)));
	clinic_refused(
		&w, "Client 1001 was in session #1 from 2026-11-18 03:23 to 2026-11-18 03:40",
		"session.add", N("client", client), N("start", AT(1900)), N("end", AT(2100)));
	clinic_refused(&w, "Pen INVENTED-1 was held by session #1", "session.add",
		       N("client", other), N("start", AT(900)), N("end", AT(1001)),
		       T("pens", "[\"INVENTED-1\"]"));
	clinic_refused(&w, "Chair 1 was taken by session #1", "session.add", N("client", other),
		       N("start", AT(900)), N("end", AT(1001)), N("place", chair));
	session_at(other, AT(2000), AT(3000));
	clinic_refused(&w, "held by session #2 of client 1002", "session.change", N("session", 1),
		       N("end", AT(2001)), T("reason", "longer"));
	clinic_refused(&w, "Client 1002 was in session #2", "session.change", N("session", 1),
		       N("client", other), N("end", AT(2001)), T("reason", "wrong"));
	clinic_refused(&w, "say why", "session.change", N("session", 1), N("client", other));
	clinic_do(&w, "session.change", N("session", 1), N("client", other),
		  T("reason", "wrong client"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, attribute_setup, attribute_teardown)
	const struct CMUnitTest tests[] = {
		TEST(signed_stays), TEST(signed_changes_by_amendment),
		TEST(by_hand),	    TEST(by_period),
		TEST(taken_back),   TEST(conflicts_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
