/* SPDX-License-Identifier: MIT */
/* Parameters by their declarations, and which lines of a query's SQL they choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "db/query.h"
#include "db/statement.h"

enum { P_COUNT, P_SHARE, P_NAME, P_FLAG, P_SINCE, P_ORDER, P_FREE, P_MUST };

static const struct db_param params[] = {
	[P_COUNT] = {"count", DB_INT, false, 1, 1000, "100", "How many.", NULL, NULL, false},
	[P_SHARE] = {"share", DB_REAL, false, 0, 1, NULL, "Which share.", NULL, NULL, false},
	[P_NAME] = {"name", DB_TEXT, false, 2, 8, NULL, "A name.", NULL, NULL, false},
	[P_FLAG] = {"flag", DB_BOOL, false, INT64_MIN, INT64_MAX, "false", "Whether.", NULL, NULL, false},
	[P_SINCE] = {"since", DB_TIME, false, INT64_MIN, INT64_MAX, NULL, "When.", NULL, NULL, false},
	[P_ORDER] = {"order", DB_TEXT, false, INT64_MIN, INT64_MAX, "up", "Which way.",
		     "up|down|random", NULL, false},
	[P_FREE] = {"free", DB_INT, false, INT64_MIN, INT64_MAX, NULL, "Any.", NULL, NULL, false},
	[P_MUST] = {"must", DB_TEXT, true, INT64_MIN, INT64_MAX, NULL, "Needed.", NULL, NULL, false},
};

static const char sql[] = "SELECT 1\n"
			  "WHERE true\n"
			  "  AND a = :name -- if name\n"
			  "  AND b = '-- if x' -- unless name\n"
			  "  AND c > 0 -- if order=down\n"
			  "  AND d > 0 -- unless order=down\n"
			  "  AND e < :since -- if since and order=up\n"
			  "  AND f < :since -- unless since and order=up\n"
			  "  AND g = '-- if name'\n";

static const struct db_query query = {
	.method = "test.query",
	.shape = SHAPE_LIST,
	.params = params,
	.n_params = ELEMENTSOF(params),
	.sql = sql,
};

static int setup(void **state)
{
	struct db_job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	job->query = &query;
	*state = job;
	return 0;
}

static int teardown(void **state)
{
	db_job_free(*state);
	return 0;
}

static void accept(struct db_job *job, size_t index, const char *text)
{
	char problem[256] = "";

	if (db_query_set(job, index, text, strlen(text), problem) != 0)
		fail_msg("%s", problem);
	assert_true(job->value[index].set);
}

/* Refused with @error; the sentence names parameter and value and holds @allowed. */
static void refuse(struct db_job *job, size_t index, const char *text, int error,
		   const char *allowed)
{
	char problem[256] = "", quoted[80];
	struct db_value before = job->value[index];
	int r = db_query_set(job, index, text, strlen(text), problem);

	if (r != error)
		fail_msg("%s = \"%s\": %d, %s", params[index].name, text, r, problem);
	snprintf(quoted, sizeof(quoted), "%s: \"%.20s", params[index].name, text);
	assert_ptr_equal(strstr(problem, quoted), problem);
	if (!strstr(problem, allowed))
		fail_msg("%s\n lacks: %s", problem, allowed);
	assert_memory_equal(&before, &job->value[index], sizeof(before));
}

static void integers(void **state)
{
	struct db_job *job = *state;

	accept(job, P_COUNT, "1");
	assert_int_equal(job->value[P_COUNT].i, 1);
	accept(job, P_COUNT, "1000");
	assert_int_equal(job->value[P_COUNT].i, 1000);
	accept(job, P_FREE, "-9223372036854775808");
	assert_true(job->value[P_FREE].i == INT64_MIN);
	accept(job, P_FREE, "9223372036854775807");
	assert_true(job->value[P_FREE].i == INT64_MAX);
	refuse(job, P_FREE, "9223372036854775808", -ERANGE, "allowed are integers");
	refuse(job, P_FREE, "-9223372036854775809", -ERANGE, "allowed are integers");
	refuse(job, P_FREE, "99999999999999999999999999", -ERANGE, "allowed are integers");
	refuse(job, P_COUNT, "0", -ERANGE, "is out of range; allowed are integers from 1 to 1000");
	refuse(job, P_COUNT, "1001", -ERANGE,
	       "is out of range; allowed are integers from 1 to 1000");
	refuse(job, P_COUNT, "1.0", -EINVAL,
	       "is not an integer; allowed are integers from 1 to 1000");
	refuse(job, P_COUNT, "", -EINVAL, "is not an integer");
	refuse(job, P_COUNT, "-", -EINVAL, "is not an integer");
	refuse(job, P_COUNT, "+1", -EINVAL, "is not an integer");
	refuse(job, P_COUNT, " 1", -EINVAL, "is not an integer");
	refuse(job, P_COUNT, "0x10", -EINVAL, "is not an integer");
}

static void reals(void **state)
{
	struct db_job *job = *state;

	accept(job, P_SHARE, "0.25");
	assert_true(job->value[P_SHARE].r == 0.25);
	accept(job, P_SHARE, "1e-3");
	assert_true(job->value[P_SHARE].r == 1e-3);
	accept(job, P_SHARE, "1");
	refuse(job, P_SHARE, "1.0000001", -ERANGE, "allowed are numbers from 0 to 1");
	refuse(job, P_SHARE, "-0.1", -ERANGE, "allowed are numbers from 0 to 1");
	refuse(job, P_SHARE, "1e999", -ERANGE, "allowed are numbers");
	refuse(job, P_SHARE, "nan", -EINVAL, "is not a number");
	refuse(job, P_SHARE, "0x1p3", -EINVAL, "is not a number");
	refuse(job, P_SHARE, "", -EINVAL, "is not a number");
	refuse(job, P_SHARE, "1-2", -EINVAL, "is not a number");
	refuse(job, P_SHARE,
	       "0.0000000000000000000000000000000000000000000000000000000000000000000001", -EINVAL,
	       "numbers");
}

static void texts(void **state)
{
	struct db_job *job = *state;
	char problem[256], longest[LIMIT_TEXT + 2];

	accept(job, P_NAME, "ab");
	assert_string_equal(job->value[P_NAME].text, "ab");
	accept(job, P_NAME, "12345678"); /* replaces, without a leak */
	assert_string_equal(job->value[P_NAME].text, "12345678");
	refuse(job, P_NAME, "a", -ERANGE, "is too short; allowed is text of 2 to 8 bytes");
	refuse(job, P_NAME, " \t \n", -EINVAL, "is blank; allowed is text of 2 to 8 bytes");
	accept(job, P_NAME, " a");
	refuse(job, P_NAME, "123456789", -ERANGE, "is too long; allowed is text of 2 to 8 bytes");
	assert_int_equal(db_query_set(job, P_NAME, "a\0b", 3, problem), -EINVAL);
	assert_non_null(strstr(problem, "zero byte"));
	accept(job, P_ORDER, "random");
	refuse(job, P_ORDER, "sideways", -EINVAL, "allowed are up|down|random");
	refuse(job, P_ORDER, "ran", -EINVAL, "allowed are up|down|random");
	refuse(job, P_ORDER, "up|down", -EINVAL, "allowed are up|down|random");
	refuse(job, P_ORDER, "", -EINVAL, "allowed are up|down|random");
	/* a text without a stated bound has the common one */
	memset(longest, 'x', sizeof(longest));
	longest[LIMIT_TEXT] = '\0';
	accept(job, P_MUST, longest);
	longest[LIMIT_TEXT] = 'x';
	assert_int_equal(db_query_set(job, P_MUST, longest, LIMIT_TEXT + 1, problem), -ERANGE);
}

/* A sentence shows the beginning of a long value, and never half a character. */
static void long_values_are_cut(void **state)
{
	struct db_job *job = *state;
	char value[200] = "", problem[256];

	for (int i = 0; i < 60; i++)
		strcat(value, i == 0 ? "x" : "\xc3\xa9");
	assert_int_equal(db_query_set(job, P_NAME, value, strlen(value), problem), -ERANGE);
	assert_non_null(strstr(problem, "\xc3\xa9...\" is too long"));
	assert_true(strlen(problem) < 200);
}

static void booleans_and_times(void **state)
{
	struct db_job *job = *state;

	accept(job, P_FLAG, "true");
	assert_int_equal(job->value[P_FLAG].i, 1);
	accept(job, P_FLAG, "false");
	assert_int_equal(job->value[P_FLAG].i, 0);
	refuse(job, P_FLAG, "1", -EINVAL, "allowed are true and false");
	accept(job, P_SINCE, "2026-11-20T10:00:00+01:00");
	assert_true(job->value[P_SINCE].i == INT64_C(1795165200000000));
	refuse(job, P_SINCE, "yesterday", -EINVAL,
	       "allowed are RFC 3339 times such as 2026-11-20T09:00:00Z");
	refuse(job, P_SINCE,
	       "2026-11-20T10:00:00.00000000000000000000000000000000000000000000000001Z", -EINVAL,
	       "RFC 3339");
}

static void defaults_and_required(void **state)
{
	struct db_job *job = *state;
	char problem[256] = "";

	assert_int_equal(db_query_bind(job, problem), -EINVAL);
	assert_string_equal(
		problem,
		"must: missing, and test.query needs it; allowed is text of 0 to 4096 bytes");
	accept(job, P_MUST, "x");
	accept(job, P_COUNT, "7");
	assert_int_equal(db_query_bind(job, problem), 0);
	assert_int_equal(job->value[P_COUNT].i, 7);
	assert_true(job->value[P_FLAG].set && job->value[P_FLAG].i == 0);
	assert_string_equal(job->value[P_ORDER].text, "up");
	assert_false(job->value[P_SINCE].set);
	assert_false(job->value[P_NAME].set);
}

static void expect_variant(struct db_job *job, const char *present)
{
	struct buf text = BUF_INIT(0);
	char lines[8] = "";

	statement_text(&text, &query, job->value);
	for (char c = 'a'; c <= 'g'; c++) {
		char line[] = "AND a ";

		line[4] = c;
		if (strstr(text.data, line))
			strncat(lines, &c, 1);
	}
	assert_string_equal(lines, present);
	assert_null(strstr(text.data,
			   "-- unless")); /* marks go; what looks like one in a literal stays */
	assert_non_null(strstr(text.data, "g = '-- if name'"));
	buf_done(&text);
}

static void marks_choose_lines(void **state)
{
	struct db_job *job = *state;

	expect_variant(job, "bdfg");
	accept(job, P_NAME, "ab");
	expect_variant(job, "adfg");
	accept(job, P_ORDER, "down");
	expect_variant(job, "acfg");
	accept(job, P_SINCE, "2026-11-20T10:00:00Z");
	expect_variant(job, "acfg");
	accept(job, P_ORDER, "up");
	expect_variant(job, "adeg");
}

static void roles_have_names(void **state)
{
	(void)state;
	assert_string_equal(db_role_name(ROLE_VIEWER), "viewer");
	assert_string_equal(db_role_name(ROLE_OPERATOR), "operator");
	assert_string_equal(db_role_name(ROLE_ADMIN), "admin");
}

/* More variants than the cache holds: each still gets its own statement and its own values. */
static void statements_are_cached(void **state)
{
	static const struct db_param one[] = {
		{"x", DB_INT, false, INT64_MIN, INT64_MAX, NULL, "A number.", NULL, NULL, false}};
	struct db_query q[STATEMENTS_MAX + 10] = {0};
	char texts_of[ELEMENTSOF(q)][40];
	struct statements s = {0};
	struct db_value v = {.set = true};
	sqlite3_stmt *stmt, *first;
	sqlite3 *handle;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ELEMENTSOF(q); i++) {
			snprintf(texts_of[i], sizeof(texts_of[i]), "SELECT %zu + :x", i * 1000);
			q[i] = (struct db_query){.sql = texts_of[i], .params = one, .n_params = 1};
			v.i = round;
			assert_int_equal(statements_get(&s, handle, &q[i], &v, &stmt), SQLITE_OK);
			assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
			assert_int_equal(sqlite3_column_int64(stmt, 0), i * 1000 + (size_t)round);
			statement_release(stmt);
		}
	/* used again at once, it is the same one, and forgets the value */
	assert_int_equal(statements_get(&s, handle, &q[0], &v, &first), SQLITE_OK);
	statement_release(first);
	v.set = false;
	assert_int_equal(statements_get(&s, handle, &q[0], &v, &stmt), SQLITE_OK);
	assert_ptr_equal(stmt, first);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_NULL);
	statement_release(stmt);
	statements_done(&s);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK); /* BUSY if a statement were left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(integers, setup, teardown),
		cmocka_unit_test_setup_teardown(reals, setup, teardown),
		cmocka_unit_test_setup_teardown(texts, setup, teardown),
		cmocka_unit_test_setup_teardown(long_values_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(booleans_and_times, setup, teardown),
		cmocka_unit_test_setup_teardown(defaults_and_required, setup, teardown),
		cmocka_unit_test_setup_teardown(marks_choose_lines, setup, teardown),
		cmocka_unit_test(roles_have_names),
		cmocka_unit_test(statements_are_cached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
