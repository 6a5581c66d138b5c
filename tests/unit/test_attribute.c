/* SPDX-License-Identifier: MIT */
/* Whose a run is: by its time, its uncertainty, a better clock, a change, a hand; and the
 * cartridges that were in the pen. After each test the record is built again from its entries and
 * compared. */
#include "base/log.h"
#include "clinic_world.h"
#include "db/attribute.h"

#define DAY0                                                                                       \
	(WORLD_NOW_US -                                                                            \
	 8 * INT64_C(3600) * SECOND_US) /* tick 0 of the pen, unless a test says otherwise */
#define AT(s)	(DAY0 + (int64_t)(s)*SECOND_US)
#define TICK(s) ((uint64_t)((s)*SECOND_US))

static struct world w;
static struct test_pen p;
static int64_t client, other;

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	pen_boot(&p);
	pen_attach(&w, &p, WORLD_NOW_US);
	pen_send_rest(&w, &p, WORLD_NOW_US);
	client = clinic_do(&w, "client.add", T("number", "1001"));
	other = clinic_do(&w, "client.add", T("number", "1002"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_verify(&w);
	assert_int_equal(count_of(&w, "relink", "true"), 0);
	assert_int_equal(count_of(&w, "moved", "true"), 0);
	world_done(&w);
	pen_done(&p);
	return 0;
}

static int64_t session_at(int64_t of, int64_t start_us, int64_t end_us)
{
	return clinic_do(&w, "session.add", N("client", of), N("start", start_us), N("end", end_us),
			 T("pens", "[\"INVENTED-1\"]"));
}

static void synced(int64_t err_us)
{
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0, err_us);
}

/* The session of the pen's run, INT64_MIN for none. */
static int64_t session_of(int number)
{
	return world_int(&w, "SELECT session FROM run WHERE number = %d", number);
}

static int64_t attribution_of(int number)
{
	return world_int(&w, "SELECT attribution FROM run WHERE number = %d", number);
}

static int64_t id_of(int number)
{
	return world_int(&w, "SELECT id FROM run WHERE number = %d", number);
}

static char *runs_text(int number, char out[32])
{
	snprintf(out, 32, "[\"%lld\"]", (long long)id_of(number));
	return out;
}

static void assert_candidates(int number, const char *wanted)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM unattributed_runs WHERE id = %lld AND "
				    "coalesce(candidates, '') = '%q'",
				    (long long)id_of(number), wanted);

	assert_int_equal(world_int(&w, "%s", sql), 1);
	sqlite3_free(sql);
}

#define NOBODY INT64_MIN

/* ---- by time ---- */

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

/* ---- signed ---- */

static void sign(int64_t session)
{
	int64_t who = clinic_do(&w, "practitioner.add", T("name", "Dr. Invented"));

	clinic_do(&w, "session.sign", N("session", session), N("practitioner", who),
		  N("incomplete", 1), T("reason", "a test"));
}

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

/* ---- everything at once ---- */

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

#define PENS 2
#define SPAN 40000 /* seconds in which all happens */

/* Brute force: which session's interval holds the range; all of them are looked at. */
static void assert_like_the_oracle(void)
{
	static const char holds[] = "SELECT count(*) FROM run r WHERE r.session IS NOT (SELECT "
				    "iif(count(*) = 1, max(a.session), NULL) FROM assignment a"
				    " WHERE a.pen = r.pen AND a.void IS NULL AND a.from_us <= "
				    "r.earliest_us AND (coalesce(a.to_us, 9e18) >= r.latest_us"
				    " OR (a.run = r.id AND r.earliest_us <= a.to_us)))";
	static const char used[] =
		"WITH c AS (SELECT e.*, (SELECT min(n.id) FROM event n WHERE n.pen = e.pen AND "
		"n.kind LIKE 'cartridge.%%' AND n.id > e.id) AS next_id"
		"	FROM event e WHERE e.kind = 'cartridge.in'),"
		" wanted AS (SELECT DISTINCT c.id AS event, a.session FROM c JOIN assignment a ON "
		"a.pen = c.pen AND a.void IS NULL"
		"	WHERE a.from_us < coalesce((SELECT earliest_us FROM event WHERE id = "
		"c.next_id), 9e18) AND coalesce(a.to_us, 9e18) > c.latest_us),"
		" full AS (SELECT event, session FROM wanted UNION ALL SELECT id, NULL FROM c "
		"WHERE id NOT IN (SELECT event FROM wanted))"
		" SELECT (SELECT count(*) FROM (SELECT event, session FROM full EXCEPT SELECT "
		"event, session FROM item_use))"
		" + (SELECT count(*) FROM (SELECT event, session FROM item_use EXCEPT SELECT "
		"event, session FROM full))"
		" + ((SELECT count(*) FROM full) <> (SELECT count(*) FROM item_use))";

	assert_int_equal(world_int(&w, holds), 0);
	assert_int_equal(world_int(&w, used), 0);
}

static void random_session(const struct test_pen *pens)
{
	int64_t start = AT(rnd(SPAN)), end = start + (int64_t)(500 + rnd(4000)) * SECOND_US;
	int64_t of = clinic_do(
		&w, "client.add",
		T("number", log_fmt("C%d", (int)world_int(&w, "SELECT count(*) FROM client"))));
	const char *list = log_fmt("[\"%s\"]", rnd(2) ? "INVENTED-1" : "INVENTED-2");
	char why[CLINIC_WHY];

	(void)pens;
	(void)clinic_try(&w, "session.add",
			 ARGS_(N("client", of), N("start", start), N("end", end), T("pens", list)),
			 NULL, why);
}

static void random_change(void)
{
	int64_t n = world_int(&w, "SELECT max(id) FROM session"),
		id = n > 0 ? 1 + (int64_t)rnd((uint32_t)n) : 0;
	int64_t start, end;
	char why[CLINIC_WHY];

	if (id == 0)
		return;
	start = world_int(&w, "SELECT start_us FROM session WHERE id = %lld", (long long)id);
	end = world_int(&w, "SELECT end_us FROM session WHERE id = %lld", (long long)id);
	switch (rnd(4)) {
	case 0:
		(void)clinic_try(&w, "session.void", ARGS_(N("session", id), T("reason", "x")),
				 NULL, why);
		break;
	case 1:
		(void)clinic_try(&w, "session.change",
				 ARGS_(N("session", id),
				       N("end", end + (rnd(4000) - 2000) * SECOND_US),
				       T("reason", "x")),
				 NULL, why);
		break;
	case 2:
		(void)clinic_try(&w, "session.change",
				 ARGS_(N("session", id),
				       N("start", start + (rnd(4000) - 2000) * SECOND_US),
				       T("reason", "x")),
				 NULL, why);
		break;
	default:
		(void)clinic_try(&w, "session.pen",
				 ARGS_(N("session", id),
				       T("release", rnd(2) ? "INVENTED-1" : "INVENTED-2"),
				       N("at", start + (end - start) / 2)),
				 NULL, why);
	}
}

/* Goes on with what the pen did: runs and cartridges, in the order of its ticks. */
static void random_work(struct test_pen *q, uint32_t *number, bool *in)
{
	for (uint32_t n = rnd(6); n > 0 && q->tick_us < TICK(SPAN); n--) {
		uint64_t start = q->tick_us + TICK(1 + rnd(400));

		if (rnd(4) == 0)
			pen_cartridge(q, *in = !*in || rnd(5) == 0, "S", start);
		else
			pen_run_at(q, ++*number, start, start + TICK(1 + rnd(60)));
	}
	pen_send_rest(&w, q, WORLD_NOW_US);
}

static void random_clinic(uint64_t seed)
{
	struct test_pen pens[PENS];
	uint32_t number[PENS] = {0};
	bool in[PENS] = {false};

	random_state = seed;
	memset(pens, 0, sizeof(pens));
	for (int i = 0; i < PENS; i++) {
		pen_init(&pens[i], i ? "INVENTED-2" : "INVENTED-1", 0x100u + (unsigned)i);
		pen_boot(&pens[i]);
		pen_attach(&w, &pens[i], WORLD_NOW_US);
		pen_send_rest(&w, &pens[i], WORLD_NOW_US);
		clinic_fit(&w, &pens[i], 1, CLOCK_RTC, DAY0, 600 * SECOND_US);
	}
	for (int step = 0; step < 80; step++) {
		int i = (int)rnd(PENS);

		switch (rnd(8)) {
		case 0:
		case 1:
		case 2:
			random_session(pens);
			break;
		case 3:
		case 4:
			random_work(&pens[i], &number[i], &in[i]);
			break;
		case 5:
		case 6:
			random_change();
			break;
		default:
			clinic_fit(&w, &pens[i], 1, CLOCK_SYNCED, DAY0 + rnd(600) * SECOND_US,
				   rnd(60) * SECOND_US);
		}
	}
	assert_like_the_oracle();
	for (int i = 0; i < PENS; i++)
		pen_done(&pens[i]);
}

static void random_clinics(void **state)
{
	const char *given = getenv("STIPPLE_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20261118;
	int64_t linked = 0, used = 0;

	(void)state;
	for (int round = 0; round < (given ? 1 : 12); round++, seed++) {
		print_message("seed %llu\n", (unsigned long long)seed);
		random_clinic(seed);
		linked += count_of(&w, "run", "session IS NOT NULL");
		used += count_of(&w, "item_use", "session IS NOT NULL");
		world_verify(&w);
		world_done(&w);
		world_open(&w);
	}
	print_message("%lld runs linked, %lld cartridges used\n", (long long)linked,
		      (long long)used);
	assert_true(given || (linked > 50 && used > 20)); /* or nothing was compared */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(boundaries),
		TEST(uncertain),
		TEST(wide),
		TEST(open_run_is_shown),
		TEST(backdated),
		TEST(silent_pen_is_not_working),
		TEST(pen_changed_halfway),
		TEST(signed_stays),
		TEST(signed_changes_by_amendment),
		TEST(by_hand),
		TEST(by_period),
		TEST(taken_back),
		TEST(conflicts_are_named),
		TEST(cartridges_are_used),
		TEST(button_starts_and_ends),
		TEST(idle_sessions_end),
		TEST(random_clinics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
