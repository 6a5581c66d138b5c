/* SPDX-License-Identifier: MIT */
/* What is told as it arises: of which sessions, when time alone makes it, how long it is
 * remembered. */
#include <inttypes.h>

#include "audit_world.h"
#include "db/audit_list.h"

#define HOUR_US (3600 * SECOND_US)

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

/* As if it had been then: clocks of tests stand still, and what is told goes by the real one. */
static void moved_to(int64_t session, int64_t start_us, const char *state)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "UPDATE session SET start_us = %" PRId64 ", day = %d, end_us = %s, state = '%s' "
		 "WHERE id = %" PRId64,
		 start_us, time_local_day(start_us), streq(state, "open") ? "NULL" : "start_us + 1",
		 state, session);
	world_tamper(&w, sql);
}

/* The answer about what is after entry @after, going on with what lots met, where @lots is 0 or
 * more. Caller frees with free(). */
static char *touched_on(int64_t after, int64_t lots, int64_t met)
{
	struct audit audit = {.made = false};
	struct db_job job = {.query = &db_audit_touched, .out = BUF_INIT(0)};
	sqlite3 *handle;

	job.value[0] = (struct db_value){.set = true, .i = after};
	if (lots >= 0) {
		job.value[1] = (struct db_value){.set = true, .i = lots};
		job.value[2] = (struct db_value){.set = true, .i = met};
	}
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	audit.handle = handle;
	assert_int_equal(sql_functions_add(handle), SQLITE_OK);
	if (audit_touched(&audit, &job) < 0)
		fail_msg("%s", sqlite3_errmsg(handle));
	sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
	audit_done(&audit);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return buf_take(&job.out);
}

static char *touched(int64_t after)
{
	return touched_on(after, -1, 0);
}

static bool says(const char *answer, const char *part)
{
	return strstr(answer, part) != NULL;
}

static int64_t number(const char *answer, const char *key)
{
	const char *at = strstr(answer, key);

	assert_non_null(at);
	return strtoll(at + strlen(key), NULL, 10);
}

static void told(char *answer)
{
	struct db_msg msg = {.op = DB_SEEN, .seen.told = answer};

	assert_int_equal(world_apply(&w, &msg), 0);
}

/* The moment of each threshold, one after the other, and then none. */
static void time_alone(void **state)
{
	int64_t session = clinic_do(&w, "session.start", N("client", anna)), start_us;
	_cleanup_(freep) char *first = NULL, *second = NULL, *third = NULL, *ended = NULL;

	(void)state;
	start_us = now_utc_us() - HOUR_US;
	moved_to(session, start_us, "open");
	first = touched(0);
	assert_int_equal(number(first, "\"due_us\":"), start_us + 4 * HOUR_US + 1);
	assert_false(says(first, "session-long"));
	start_us -= 4 * HOUR_US;
	moved_to(session, start_us, "open");
	second = touched(0);
	assert_true(says(second,
			 "\"session-long/session=1\",\"rule\":\"session-long\",\"severity\":"
			 "\"warn\""));
	assert_int_equal(number(second, "\"due_us\":"), start_us + 8 * HOUR_US + 1);
	moved_to(session, start_us - 4 * HOUR_US, "open");
	third = touched(0);
	assert_true(says(third, "\"severity\":\"error\""));
	assert_int_equal(number(third, "\"due_us\":"), 0);
	moved_to(session, start_us, "closed");
	ended = touched(0);
	assert_int_equal(number(ended, "\"due_us\":"), 0);
}

/* While there is time left to sign, nobody is alarmed. */
static void grace(void **state)
{
	struct audit_filter filter;

	(void)state;
	clinic_do(&w, "profile.load",
		  T("text", "[profile]\nname = house\n[rule consent-late]\n"
			    "grace_s = 60\n"));
	clinic_do(&w, "session.start", N("client", anna), N("at", WORLD_NOW_US - 50 * SECOND_US),
		  T("pen", "INVENTED-1"));
	ran((struct run_made){PLAIN, .at_us = WORLD_NOW_US - 40 * SECOND_US});
	audit_filter_init(&filter, WORLD_NOW_US + 20 * SECOND_US - 1);
	assert_string_equal(found_by("consent-late", &filter), "");
	audit_filter_init(&filter, WORLD_NOW_US + 20 * SECOND_US);
	assert_string_equal(found_by("consent-late", &filter),
			    "critical consent-late/session=1 /60");
	/* it is over, and none was signed */
	clinic_do(&w, "session.end", N("session", 1));
	audit_filter_init(&filter, WORLD_NOW_US);
	assert_string_equal(found_by("consent-late", &filter),
			    "critical consent-late/session=1 /60");
}

/* A book of old sessions that is typed in is no alarm; one that is open always is. */
static void long_ago(void **state)
{
	int64_t session = sat(anna, AT(4, 9, 0), 60);
	int64_t limit_us = now_utc_us() - LIMIT_TOLD_DAYS * USEC_PER_DAY;
	_cleanup_(freep) char *late = NULL, *early = NULL, *open = NULL;

	(void)state;
	moved_to(session, limit_us + HOUR_US, "closed");
	late = touched(0);
	assert_true(says(late, "\"sessions\":[1]"));
	assert_true(says(late, "age/session=1"));
	moved_to(session, limit_us - HOUR_US, "closed");
	early = touched(0);
	assert_true(says(early, "\"sessions\":[]"));
	moved_to(session, limit_us - HOUR_US, "open");
	open = touched(0);
	assert_true(says(open, "\"sessions\":[1]"));
}

/* It is told once, and forgotten when nothing more is told of its session. */
static void remembered_and_forgotten(void **state)
{
	int64_t old = sat(anna, AT(4, 9, 0), 60), young = sat(bert, AT(5, 9, 0), 60);
	int64_t limit_us = now_utc_us() - LIMIT_TOLD_DAYS * USEC_PER_DAY;
	_cleanup_(freep) char *first = NULL, *again = NULL, *later = NULL, *worse = NULL,
			      *better = NULL, *other = NULL, *same = NULL;
	char sql[100];

	(void)state;
	moved_to(old, limit_us + HOUR_US, "closed");
	moved_to(young, limit_us + 2 * HOUR_US, "closed");
	first = touched(0);
	assert_true(says(first, "\"new\":true"));
	assert_true(says(first, "\"keep\":true"));
	told(first);
	again = touched(0);
	assert_false(says(again, "\"new\":true"));
	assert_true(count_of(&w, "audit_seen", "session = 1") > 0);
	moved_to(old, limit_us - HOUR_US, "closed");
	told(again);
	assert_int_equal(count_of(&w, "audit_seen", "session = 1"), 0);
	assert_true(count_of(&w, "audit_seen", "session = 2") > 0);
	/* what became worse is news, what became better or is put otherwise only kept */
	snprintf(sql, sizeof(sql), "UPDATE audit_seen SET severity = 'info' WHERE session = 2");
	world_tamper(&w, sql);
	worse = touched(0);
	assert_true(says(worse, "\"new\":true"));
	told(worse);
	snprintf(sql, sizeof(sql), "UPDATE audit_seen SET severity = 'critical' WHERE session = 2");
	world_tamper(&w, sql);
	better = touched(0);
	assert_false(says(better, "\"new\":true"));
	assert_true(says(better, "\"changed\":true"));
	told(better);
	snprintf(sql, sizeof(sql), "UPDATE audit_seen SET says = 'Other words.' WHERE session = 2");
	world_tamper(&w, sql);
	other = touched(0);
	assert_false(says(other, "\"new\":true"));
	assert_true(says(other, "\"changed\":true"));
	told(other);
	same = touched(0);
	assert_true(says(same, "\"changed\":false"));
	/* an open one is not forgotten, one that is gone is */
	moved_to(young, limit_us - HOUR_US, "open");
	later = touched(0);
	told(later);
	assert_true(count_of(&w, "audit_seen", "session = 2") > 0);
	snprintf(sql, sizeof(sql), "UPDATE audit_seen SET session = 99 WHERE session = %" PRId64,
		 young);
	world_tamper(&w, sql);
	told(first);
	assert_int_equal(count_of(&w, "audit_seen", "session = 99"), 0);
}

/* A lot is recalled that many sessions met, long after they were closed: each is heard of once, a
 * few in a round, and a round that is not kept is looked at again. */
static void recalled_afterwards(void **state)
{
	enum { SESSIONS = 2 * LIMIT_TOLD_MET + 3 };
	int64_t product = clinic_do(&w, "product.add", T("category", "pigment"), T("name", "Ink")),
		lot = clinic_do(&w, "lot.add", N("product", product), T("number", "L1"),
				T("expiry", "2027-01")),
		old, after, before, lots, met;
	_cleanup_(freep) char *quiet = NULL, *again = NULL, *last = NULL, *freed = NULL;
	size_t heard = 0, rounds = 0;

	(void)state;
	for (int i = 0; i < SESSIONS; i++) {
		int64_t s = sat_without_pen(i % 2 ? anna : bert, AT(4, 0, 20 * i), 10);

		clinic_do(&w, "lot.use", N("lot", lot), N("session", s));
		moved_to(s, now_utc_us() - (i + 1) * HOUR_US, "closed");
	}
	/* of long ago, and of another lot */
	old = sat_without_pen(anna, AT(3, 9, 0), 60);
	clinic_do(&w, "lot.use", N("lot", lot), N("session", old));
	moved_to(old, now_utc_us() - (LIMIT_TOLD_DAYS + 1) * USEC_PER_DAY, "closed");
	sat_without_pen(bert, AT(3, 12, 0), 60);
	before = world_int(&w, "SELECT max(seq) FROM entry");
	quiet = touched(before);
	assert_true(says(quiet, "\"sessions\":[]"));
	told(quiet);
	clinic_do(&w, "lot.recall", N("lot", lot), T("reason", "by its maker"));
	after = before;
	lots = -1;
	met = 0;
	do {
		_cleanup_(freep) char *round = touched_on(after, lots, met);
		const char *at = round;
		size_t n = 0;

		while ((at = strstr(at, "\"finding\":\"recall-exposed/"))) {
			at += 10;
			n++;
		}
		assert_true(n <= LIMIT_TOLD_MET);
		heard += n;
		assert_true(says(round, "\"new\":true"));
		told(round);
		if (!says(round, "\"rest\":"))
			break;
		/* until all are told it is written down that nobody has looked */
		assert_int_equal(world_int(&w, "SELECT entry FROM audit_cursor"), before);
		after = number(round, "\"rest\":{\"after\":");
		lots = number(round, "\"lots\":");
		met = number(round, "\"met\":");
		assert_int_equal(after, before + 1);
	} while (++rounds < 10);
	assert_int_equal(rounds, 2);
	assert_int_equal(heard, SESSIONS);
	assert_int_equal(count_of(&w, "audit_seen", "rule = 'recall-exposed'"), SESSIONS);
	assert_int_equal(world_int(&w, "SELECT entry FROM audit_cursor"), before + 1);
	/* after a restart in the middle: what was told is not told twice */
	again = touched(before);
	assert_false(says(again, "\"new\":true"));
	assert_true(says(again, "\"rest\":"));
	last = touched(before + 1);
	assert_true(says(last, "\"sessions\":[]"));
	/* it was another lot: nothing is left of it */
	clinic_do(&w, "lot.release", N("lot", lot), T("reason", "another one"));
	freed = touched_on(before + 1, before + 1, 2 * LIMIT_TOLD_MET);
	told(freed);
	assert_int_equal(count_of(&w, "audit_seen", "rule = 'recall-exposed'"), 2 * LIMIT_TOLD_MET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(time_alone, audit_setup, teardown),
		cmocka_unit_test_setup_teardown(grace, audit_setup, teardown),
		cmocka_unit_test_setup_teardown(long_ago, audit_setup, teardown),
		cmocka_unit_test_setup_teardown(remembered_and_forgotten, audit_setup, teardown),
		cmocka_unit_test_setup_teardown(recalled_afterwards, audit_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
