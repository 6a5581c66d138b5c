/* SPDX-License-Identifier: MIT */
/* Every statement of daemon/sql, against the schema: it prepares, does no more than it says, and
 * finds its rows by an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "db/audit_eval.h"
#include "db/query.h"
#include "db/sql_functions.h"
#include "db/statement.h"
#include "db/stmt.h"

static struct audit audit;

static int setup(void **state)
{
	sqlite3 *handle;
	char *error = NULL;

	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	assert_int_equal(sql_functions_add(handle), SQLITE_OK);
	for (size_t i = 0; i < db_n_schema; i++)
		if (sqlite3_exec(handle, db_schema[i].sql, NULL, NULL, &error) != SQLITE_OK)
			fail_msg("%s: %s", db_schema[i].name, error);
	audit = (struct audit){.handle = handle};
	assert_int_equal(audit_prepare(&audit, 0), SQLITE_OK); /* its temporary tables */
	*state = handle;
	return 0;
}

static int teardown(void **state)
{
	audit_done(&audit);
	sqlite3_close(*state);
	return 0;
}

/* One choice of parameters: each optional one given or not, each listed value once. */
struct variant {
	struct db_value value[DB_PARAMS_MAX];
	char text[DB_PARAMS_MAX][32];
	char given[256]; /* "pen state=cut ": for messages and for the exceptions below */
};

/* How many ways there are to give a parameter. */
static unsigned ways(const struct db_param *p)
{
	unsigned n = 1;

	for (const char *v = p->values; v && *v; v++)
		n += *v == '|';
	return n + (!p->required && !p->fallback);
}

/* The @way-th of them, in words; the last is not to give it, where that is possible. */
static void give(struct variant *variant, const struct db_param *p, size_t index, unsigned way)
{
	struct db_value *v = &variant->value[index];
	size_t len = strlen(variant->given), left = sizeof(variant->given) - len;
	const char *at = p->values;

	*v = (struct db_value){
		.set = way + 1 < ways(p) || p->required || p->fallback, .i = 1, .text = NULL};
	if (!v->set)
		return;
	if (!at) {
		v->text = p->type == DB_TEXT ? (char *)"1.1" : NULL;
		if (!p->required && !p->fallback)
			snprintf(variant->given + len, left, "%s ", p->name);
		return;
	}
	while (way-- > 0)
		at = strchr(at, '|') + 1;
	v->text = variant->text[index];
	snprintf(v->text, sizeof(variant->text[index]), "%.*s", (int)strcspn(at, "|"), at);
	snprintf(variant->given + len, left, "%s=%s ", p->name, v->text);
}

typedef void check_variant(sqlite3 *handle, const struct db_query *q, const struct variant *v,
			   const char *sql);

static void each_variant(sqlite3 *handle, const struct db_query *q, check_variant *check)
{
	unsigned total = 1;

	for (size_t i = 0; i < q->n_params; i++)
		total *= ways(&q->params[i]);
	for (unsigned n = 0; n < total; n++) {
		struct variant v = {.given = ""};
		struct buf sql = BUF_INIT(0);
		unsigned rest = n;

		for (size_t i = 0; i < q->n_params; i++) {
			unsigned w = ways(&q->params[i]);

			give(&v, &q->params[i], i, rest % w);
			rest /= w;
		}
		statement_text(&sql, q, v.value);
		check(handle, q, &v, sql.data);
		buf_done(&sql);
	}
}

static void each_query(void **state, check_variant *check)
{
	assert_true(db_n_queries > 0);
	for (size_t i = 0; i < db_n_queries; i++)
		each_variant(*state, &db_queries[i], check);
}

static sqlite3_stmt *prepare(sqlite3 *handle, const struct db_query *q, const struct variant *v,
			     const char *sql)
{
	sqlite3_stmt *stmt;
	const char *rest;

	if (sqlite3_prepare_v2(handle, sql, -1, &stmt, &rest) != SQLITE_OK)
		fail_msg("%s {%s}: %s", q->method, v->given, sqlite3_errmsg(handle));
	if (rest[strspn(rest, " \t\n;")])
		fail_msg("%s: more than one statement: %s", q->method, rest);
	return stmt;
}

static void check_statement(sqlite3 *handle, const struct db_query *q, const struct variant *v,
			    const char *sql)
{
	sqlite3_stmt *stmt = prepare(handle, q, v, sql);

	if (!sqlite3_stmt_readonly(stmt) || sqlite3_stmt_isexplain(stmt))
		fail_msg("%s {%s}: would write", q->method, v->given);
	/* Bound parameters are declared, by name. */
	for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
		const char *name = sqlite3_bind_parameter_name(stmt, i);
		bool declared = false;

		for (size_t p = 0; p < q->n_params && name; p++)
			declared = declared || streq(q->params[p].name, name + 1);
		if (!name || name[0] != ':' || !declared)
			fail_msg("%s {%s}: parameter %s is not declared", q->method, v->given,
				 name ? name : "?");
	}
	sqlite3_finalize(stmt);
}

static void check_columns(sqlite3 *handle, const struct db_query *q, const struct variant *v,
			  const char *sql)
{
	static const char *const pieces[] = {"piece",  "first",	     "data",
					     "cycles", "last_first", "last_data"};
	sqlite3_stmt *stmt = prepare(handle, q, v, sql);
	size_t n = (size_t)sqlite3_column_count(stmt);

	if (q->shape == SHAPE_CYCLES) { /* what cycles_query.c reads */
		assert_int_equal(n, ELEMENTSOF(pieces));
		for (size_t i = 0; i < n; i++)
			assert_string_equal(sqlite3_column_name(stmt, (int)i), pieces[i]);
	} else if (q->shape == SHAPE_MOMENT) { /* what moment.c reads */
		assert_int_equal(n, 7);
	} else if (q->shape == SHAPE_AUDIT) { /* made of the rules */
		assert_int_equal(n, 1);
	} else {
		if (n != q->n_columns + (q->shape == SHAPE_PAGE))
			fail_msg("%s {%s}: %zu columns, %zu declared", q->method, v->given, n,
				 q->n_columns);
		if (q->shape == SHAPE_PAGE)
			assert_string_equal(sqlite3_column_name(stmt, (int)n - 1), "cursor");
	}
	sqlite3_finalize(stmt);
}

/* The names that a column may have in SQL: its own, or that of the stored value with the unit. */
static bool column_matches(const char *declared, const char *actual)
{
	static const char *const pairs[][2] = {
		{"pen", "serial"},
		{"run", "number"},
		{"start", "start_us"},
		{"end", "end_us"},
		{"earliest", "earliest_us"},
		{"earliest", "after_us"},
		{"latest", "latest_us"},
		{"latest", "before_us"},
		{"day", "local_day"},
		{"at", "at_us"},
		{"entry", "seq"},
	};

	for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
		if (streq(pairs[i][0], declared) && streq(pairs[i][1], actual))
			return true;
	/* "signed" of signed_us. */
	return streq(declared, actual) || (strncmp(declared, actual, strlen(declared)) == 0 &&
					   streq(actual + strlen(declared), "_us"));
}

static void check_column_order(sqlite3 *handle, const struct db_query *q, const struct variant *v,
			       const char *sql)
{
	sqlite3_stmt *stmt = prepare(handle, q, v, sql);

	for (size_t i = 0; i < q->n_columns && q->shape != SHAPE_CYCLES && q->shape != SHAPE_MOMENT && q->shape != SHAPE_AUDIT; i++)
		if (!column_matches(q->columns[i].name, sqlite3_column_name(stmt, (int)i)))
			fail_msg("%s: column %zu is declared as %s, but the statement gives %s "
				 "there",
				 q->method, i, q->columns[i].name,
				 sqlite3_column_name(stmt, (int)i));
	sqlite3_finalize(stmt);
}

/* Whether each of the words of @given is one of @words, " word word ". */
static bool only_words(const char *given, const char *words)
{
	char word[64];

	for (; *given; given += strcspn(given, " ") + 1) {
		snprintf(word, sizeof(word), " %.*s ", (int)strcspn(given, " "), given);
		if (!strstr(words, word))
			return false;
	}
	return true;
}

/* Most runs have ended and are linked; a practitioner has one of each few; the others have an index
 * of their own. */
static bool runs_leave_most(const char *given)
{
	return only_words(given, " state=ended attribution=linked attribution=unattributed "
				 "attribution=dismissed practitioner ");
}

/* Most sessions are signed; a pen works in one of each few; the others have an index of their own.
 */
static bool sessions_leave_most(const char *given)
{
	return only_words(given, " state=signed state=open state=closed state=void pen ");
}

/* What is found by other rows than those of the order, and so few that they may be sorted. */
static bool is_sorted(const struct db_query *q, const char *given)
{
	return strstr(given, "client ") != NULL &&
	       (streq(q->method, "run.list") || streq(q->method, "use.list") ||
		streq(q->method, "hygiene.list"));
}

/* Filters that leave most rows in: walking the index of the order is right for them. */
static bool leaves_most(const struct db_query *q, const char *given)
{
	if (streq(q->method, "run.list"))
		return runs_leave_most(given);
	if (streq(q->method, "session.list") || streq(q->method, "report.sessions"))
		return sessions_leave_most(given);
	if (streq(q->method, "entry.list"))
		return strncmp(given, "order=", 6) == 0 && !strchr(strchr(given, ' '), '=') &&
		       !strstr(given, "after");
	if (streq(q->method,
		  "reaction.list")) /* an index of those open, which are few; the rest is closed */
		return strstr(given, "state=open") || streq(given, "state=closed ");
	/* Any word of a name: each name is looked at, of some thousand clients in ten years. What a
	 * clinic has hundreds of, it may look through as well. */
	return streq(q->method, "client.list") || streq(q->method, "place.list") ||
	       streq(q->method, "product.list") || streq(q->method, "code.list") ||
	       streq(q->method, "lot.list");
}

/* What is put together of few rows from many places, and sorted then: a record's story page by page, what is due, whom a lot met; and
 * sums over all sessions. None of them walks the runs. */
static bool is_gathered(const struct db_query *q)
{
	return strncmp(q->method, "trace.", 6) == 0 || streq(q->method, "due.list") || streq(q->method, "usage.list") ||
	       streq(q->method, "lot.clients") || streq(q->method, "warning.list");
}

/* All of them: not only those that are nobody's, or were dismissed, by the index of those. */
static bool walks_runs(const char *step)
{
	return (strncmp(step, "SCAN r ", 7) == 0 || streq(step, "SCAN r") || strncmp(step, "SCAN run", 8) == 0) &&
	       !strstr(step, "INDEX run_unattributed") && !strstr(step, "INDEX run_dismissed");
}

static void check_plan(sqlite3 *handle, const struct db_query *q, const struct variant *v,
		       const char *sql)
{
	bool may_walk = (q->shape == SHAPE_PAGE && v->given[0] == '\0') || leaves_most(q, v->given);
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *stmt = prepare(handle, q, v, explain);
	int steps = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(stmt, 3);

		steps++;
		if (is_gathered(q) && !walks_runs(step) && !strstr(step, "AUTOMATIC"))
			continue;
		/* Counting what is different in a lot's uses sorts nothing but those. */
		if (strstr(step, "count(DISTINCT)"))
			continue;
		/* What the entries of a record name is collected, and has an end. */
		if (q->shape == SHAPE_MOMENT &&
		    (strncmp(step, "SCAN n", 6) == 0 || strstr(step, "MATERIALIZE named") ||
		     strstr(step, "TEMP B-TREE")))
			continue;
		if ((strstr(step, "TEMP B-TREE") && !is_sorted(q, v->given)) ||
		    strstr(step, "AUTOMATIC") || strstr(step, "MATERIALIZE"))
			fail_msg("%s {%s}: %s", q->method, v->given, step);
		/* Without a filter a page walks the index that has its order, and ends after its
		 * last row. */
		if (strncmp(step, "SCAN ", 5) == 0 && !strstr(step, "CONSTANT ROW") &&
		    /* by their names subqueries of one row, and of few */
		    !streq(step, "SCAN one") && !streq(step, "SCAN few") &&
		    !strstr(step, "VIRTUAL TABLE") && /* a list given in the statement */
		    !(may_walk && steps == 1))
			fail_msg("%s {%s}: %s", q->method, v->given, step);
	}
	assert_true(steps > 0);
	sqlite3_finalize(stmt);
	sqlite3_free(explain);
}

static void queries_only_read(void **state)
{
	each_query(state, check_statement);
}

static void columns_are_declared(void **state)
{
	each_query(state, check_columns);
	each_query(state, check_column_order);
}

static void lists_follow_an_index(void **state)
{
	each_query(state, check_plan);
}

/* The plan check would be worth nothing if it did not see these. */
static void bad_plans_are_seen(void **state)
{
	static const char *const bad[] = {
		"SELECT * FROM run WHERE number = 1",
		"SELECT * FROM run ORDER BY number",
		"SELECT * FROM event WHERE (:x IS NULL OR kind = :x) ORDER BY at_us",
	};

	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", bad[i]);
		sqlite3_stmt *stmt;
		bool seen = false;

		assert_int_equal(sqlite3_prepare_v2(*state, explain, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(stmt, 3);

			seen = seen || strstr(step, "TEMP B-TREE") ||
			       strncmp(step, "SCAN ", 5) == 0;
		}
		assert_true(seen);
		sqlite3_finalize(stmt);
		sqlite3_free(explain);
	}
}

static void declarations_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_queries; i++) {
		const struct db_query *q = &db_queries[i];

		assert_ptr_equal(db_query_find(q->method), q);
		assert_true(q->n_params <= DB_PARAMS_MAX);
		for (size_t p = 0; p < q->n_params; p++) {
			const struct db_param *param = &q->params[p];

			/* Whatever comes in has a bound, or is checked against a list. */
			if (param->type == DB_TEXT && !param->values && param->max > LIMIT_TEXT)
				fail_msg("%s: text %s without max=", q->method, param->name);
			if (q->shape == SHAPE_PAGE && streq(param->name, "limit"))
				assert_true(param->min >= 1 && param->max <= LIMIT_ROWS);
		}
	}
	assert_null(db_query_find("run"));
	assert_null(db_query_find("run.list.sql"));
}

static void statement_prepares(sqlite3 *handle, const struct db_sql *sql)
{
	sqlite3_stmt *stmt;
	const char *rest;

	if (sqlite3_prepare_v2(handle, sql->sql, -1, &stmt, &rest) != SQLITE_OK)
		fail_msg("%s: %s", sql->name, sqlite3_errmsg(handle));
	if (rest[strspn(rest, " \t\n;")])
		fail_msg("%s: more than one statement", sql->name);
	assert_ptr_equal(db_statement_sql(sql->name), sql->sql);
	sqlite3_finalize(stmt);
}

static void writes_prepare(void **state)
{
	for (size_t i = 0; i < db_n_writes; i++)
		statement_prepares(*state, &db_writes[i]);
}

/* What makes, changes or drops anything, but in `temp`. */
static int refuse_changes(void *ctx, int action, const char *name, const char *column,
			  const char *database, const char *trigger)
{
	(void)ctx;
	(void)column;
	(void)trigger;
	switch (action) {
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
	case SQLITE_PRAGMA:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_DROP_TEMP_TABLE:
	case SQLITE_DROP_TEMP_INDEX:
	case SQLITE_REINDEX: /* of a new index, over nothing */
		return SQLITE_OK;
	case SQLITE_INSERT: /* asked of a temporary trigger as if it went where its table is */
		if (name && streq(name, "sqlite_master"))
			return SQLITE_OK;
		__attribute__((fallthrough));
	default:
		return (database && streq(database, "temp")) ? SQLITE_OK : SQLITE_DENY;
	}
}

static void engines_change_nothing(void **state)
{
	assert_true(db_n_engines > 0);
	/* those that are functions are declared when they are first named, which looks like a CREATE */
	for (size_t i = 0; i < db_n_engines; i++)
		statement_prepares(*state, &db_engines[i]);
	sqlite3_set_authorizer(*state, refuse_changes, NULL);
	for (size_t i = 0; i < db_n_engines; i++)
		statement_prepares(*state, &db_engines[i]);
	/* the check is worth something */
	assert_int_equal(sqlite3_exec(*state, "DELETE FROM pen", NULL, NULL, NULL), SQLITE_AUTH);
	sqlite3_set_authorizer(*state, NULL, NULL);
}

static void temps_are_temporary(void **state)
{
	assert_true(db_n_temps > 0);
	assert_int_equal(sqlite3_exec(*state, "PRAGMA query_only=OFF", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_set_authorizer(*state, refuse_changes, NULL);
	for (size_t i = 0; i < db_n_temps; i++) {
		assert_ptr_equal(db_temp_sql(db_temps[i].name), db_temps[i].sql);
		if (sqlite3_exec(*state, db_temps[i].sql, NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s: %s", db_temps[i].name, sqlite3_errmsg(*state));
	}
	sqlite3_set_authorizer(*state, NULL, NULL);
}

/* Each name of stmt.h has a file, and each file a name. */
static void statements_are_named(void **state)
{
	(void)state;
	assert_int_equal(db_n_writes + db_n_engines, STMT_MAX_);
	for (enum stmt_id id = 0; id < STMT_MAX_; id++)
		assert_non_null(stmt_text(id));
}

/* Each view says what it is and what each of its columns is, where people and sql.query's help look
 * for it: in the schema. */
static void views_are_documented(void **state)
{
	static const char *const names[] = {"aftercares",
					    "assignments",
					    "clients",
					    "clocks",
					    "codes",
					    "conditions",
					    "consents",
					    "courses",
					    "entries",
					    "events",
					    "findings",
					    "hygiene_events",
					    "losses",
					    "lots",
					    "marks",
					    "measurements",
					    "patch_tests",
					    "pauses",
					    "pens",
					    "places",
					    "practitioners",
					    "products",
					    "reactions",
					    "runs",
					    "segments",
					    "session_gaps",
					    "sessions",
					    "steps",
					    "unattributed_runs",
					    "uses"};
	sqlite3_stmt *stmt, *columns;
	size_t n = 0;

	assert_int_equal(
		sqlite3_prepare_v2(
			*state,
			"SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY name", -1,
			&stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0),
			   *sql = (const char *)sqlite3_column_text(stmt, 1);
		char *select = sqlite3_mprintf("SELECT * FROM %s", name);
		size_t comments = 0;

		assert_true(n < ELEMENTSOF(names));
		assert_string_equal(name, names[n++]);
		assert_int_equal(sqlite3_prepare_v2(*state, select, -1, &columns, NULL), SQLITE_OK);
		for (const char *p = sql; (p = strstr(p, " -- ")); p++)
			comments++;
		assert_int_equal(comments, 1 + sqlite3_column_count(columns));
		sqlite3_finalize(columns);
		sqlite3_free(select);
	}
	assert_int_equal(n, ELEMENTSOF(names));
	sqlite3_finalize(stmt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_only_read),	   cmocka_unit_test(columns_are_declared),
		cmocka_unit_test(lists_follow_an_index),   cmocka_unit_test(bad_plans_are_seen),
		cmocka_unit_test(declarations_make_sense), cmocka_unit_test(writes_prepare),
		cmocka_unit_test(engines_change_nothing),  cmocka_unit_test(statements_are_named),
		cmocka_unit_test(temps_are_temporary),	   cmocka_unit_test(views_are_documented),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
