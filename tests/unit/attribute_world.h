/* SPDX-License-Identifier: MIT */
/*
 * A clinic with two clients and one pen, for tests of whose a run is. After each test the record is
 * built again from its entries and compared.
 */
#ifndef ATTRIBUTE_WORLD_H
#define ATTRIBUTE_WORLD_H

#include "clinic_world.h"
#include "db/attribute.h"

#define DAY0                                                                                       \
	(WORLD_NOW_US -                                                                            \
	 8 * INT64_C(3600) * SECOND_US) /* tick 0 of the pen, unless a test says otherwise */
#define AT(s)	(DAY0 + (int64_t)(s)*SECOND_US)
#define TICK(s) ((uint64_t)((s)*SECOND_US))

#define NOBODY INT64_MIN

static struct world w;
static struct test_pen p;
static int64_t client, other;

static inline int attribute_setup(void **state)
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

static inline int attribute_teardown(void **state)
{
	(void)state;
	world_verify(&w);
	assert_int_equal(count_of(&w, "relink", "true"), 0);
	assert_int_equal(count_of(&w, "moved", "true"), 0);
	world_done(&w);
	pen_done(&p);
	return 0;
}

static inline int64_t session_at(int64_t of, int64_t start_us, int64_t end_us)
{
	return clinic_do(&w, "session.add", N("client", of), N("start", start_us), N("end", end_us),
			 T("pens", "[\"INVENTED-1\"]"));
}

static inline void synced(int64_t err_us)
{
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, DAY0, err_us);
}

/* The session of the pen's run, INT64_MIN for none. */
static inline int64_t session_of(int number)
{
	return world_int(&w, "SELECT session FROM run WHERE number = %d", number);
}

static inline int64_t attribution_of(int number)
{
	return world_int(&w, "SELECT attribution FROM run WHERE number = %d", number);
}

static inline int64_t id_of(int number)
{
	return world_int(&w, "SELECT id FROM run WHERE number = %d", number);
}

static inline char *runs_text(int number, char out[32])
{
	snprintf(out, 32, "[\"%lld\"]", (long long)id_of(number));
	return out;
}

static inline void assert_candidates(int number, const char *wanted)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM unattributed_runs WHERE id = %lld AND "
				    "coalesce(candidates, '') = '%q'",
				    (long long)id_of(number), wanted);

	assert_int_equal(world_int(&w, "%s", sql), 1);
	sqlite3_free(sql);
}

static inline void sign(int64_t session)
{
	int64_t who = clinic_do(&w, "practitioner.add", T("name", "Dr. Invented"));

	clinic_do(&w, "session.sign", N("session", session), N("practitioner", who),
		  N("incomplete", 1), T("reason", "a test"));
}

#endif
