/* SPDX-License-Identifier: MIT */
/* Random clinics: changes, runs and clocks in any order, against an oracle that looks at every session. */
#include "base/log.h"
#include "attribute_world.h"

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
#define TEST(f) cmocka_unit_test_setup_teardown(f, attribute_setup, attribute_teardown)
	const struct CMUnitTest tests[] = {
		TEST(random_clinics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
