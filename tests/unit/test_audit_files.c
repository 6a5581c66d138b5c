/* SPDX-License-Identifier: MIT */
/* Every rule of daemon/sql/audit against the schema: it prepares, only reads, gives the columns
 * that its head speaks of, and, asked about one thing, finds its rows by an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "audit_cases.h"
#include "base/buf.h"
#include "db/audit_eval.h"
#include "db/sql_functions.h"
#include "db/statement.h"

static sqlite3 *handle;
static struct audit audit;

static int setup(void **state)
{
	char *error = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	assert_int_equal(sql_functions_add(handle), SQLITE_OK);
	for (size_t i = 0; i < db_n_schema; i++)
		if (sqlite3_exec(handle, db_schema[i].sql, NULL, NULL, &error) != SQLITE_OK)
			fail_msg("%s: %s", db_schema[i].name, error);
	audit = (struct audit){.handle = handle};
	assert_int_equal(audit_prepare(&audit, 0), SQLITE_OK); /* its temporary tables */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	audit_done(&audit);
	sqlite3_close(handle);
	return 0;
}

/* The rule with the parameters whose bits are set. */
static sqlite3_stmt *prepare(const struct db_rule *rule, unsigned given, const char *before)
{
	struct db_value values[RULE_PARAMS_];
	struct buf sql = BUF_INIT(0);
	const char *rest;
	sqlite3_stmt *stmt;

	memset(values, 0, sizeof(values));
	for (unsigned i = 0; i < RULE_PARAMS_; i++)
		values[i].set = i == RULE_NOW || i == RULE_TODAY || (given & 1u << i);
	buf_adds(&sql, before);
	statement_text(&sql, &rule->query, values);
	assert_int_equal(sql.error, 0);
	if (sqlite3_prepare_v2(handle, sql.data, -1, &stmt, &rest) != SQLITE_OK)
		fail_msg("%s: %s\n%s", rule->query.method, sqlite3_errmsg(handle), sql.data);
	if (rest[strspn(rest, " \t\n;")])
		fail_msg("%s: more than one statement: %s", rule->query.method, rest);
	buf_done(&sql);
	return stmt;
}

static bool has_column(sqlite3_stmt *stmt, const char *name, size_t len)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const char *column = sqlite3_column_name(stmt, i);

		if (strlen(column) == len && memcmp(column, name, len) == 0)
			return true;
	}
	return false;
}

static bool in_braces(const char *text, const char *name)
{
	char braced[72];

	snprintf(braced, sizeof(braced), "{%s}", name);
	return strstr(text, braced) != NULL;
}

static void check_sentence(const struct db_rule *rule, sqlite3_stmt *stmt, const char *text)
{
	for (const char *p = text; (p = strpbrk(p, "{}")); p++) {
		size_t len = *p == '{' ? strcspn(p + 1, "{}") : 0;

		if (*p == '}' || p[1 + len] != '}')
			fail_msg("%s: braces that do not match: %s", rule->query.method, text);
		if (!has_column(stmt, p + 1, len))
			fail_msg("%s: {%.*s} is no column", rule->query.method, (int)len, p + 1);
		p += len + 1;
	}
}

static void check_columns(const struct db_rule *rule, sqlite3_stmt *stmt)
{
	static const char standard[] = " at_us day due_us session client pen lot practitioner "
				       "place value threshold severity ";

	if (!has_column(stmt, "at_us", 5))
		fail_msg("%s: no column at_us", rule->query.method);
	if (rule->graded != has_column(stmt, "severity", 8))
		fail_msg("%s: a column severity goes with graded thresholds", rule->query.method);
	for (size_t i = 0; rule->key[i]; i++)
		if (!has_column(stmt, rule->key[i], strlen(rule->key[i])))
			fail_msg("%s: key %s is no column", rule->query.method, rule->key[i]);
	check_sentence(rule, stmt, rule->says);
	check_sentence(rule, stmt, rule->does);
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const char *name = sqlite3_column_name(stmt, i);
		char word[72];
		bool used = in_braces(rule->says, name) || in_braces(rule->does, name);

		snprintf(word, sizeof(word), " %s ", name);
		for (size_t k = 0; rule->key[k]; k++)
			used |= streq(rule->key[k], name);
		for (int k = 0; k < i; k++)
			if (streq(sqlite3_column_name(stmt, k), name))
				fail_msg("%s: two columns %s", rule->query.method, name);
		if (!used && !strstr(standard, word))
			fail_msg("%s: column %s is used by neither key, says nor do",
				 rule->query.method, name);
	}
}

static void rules_fit_their_heads(void **state)
{
	(void)state;
	assert_true(db_n_rules > 0);
	for (size_t i = 0; i < db_n_rules; i++) {
		const struct db_rule *rule = &db_rules[i];

		/* every choice of what it is restricted to */
		for (unsigned given = 0; given < 1u << RULE_NOW; given++) {
			sqlite3_stmt *stmt = prepare(rule, given, "");

			if (!sqlite3_stmt_readonly(stmt))
				fail_msg("%s: would write", rule->query.method);
			if (given == 0)
				check_columns(rule, stmt);
			sqlite3_finalize(stmt);
		}
	}
}

/* A threshold that the SQL does not name would change nothing; one that it names and the head does
 * not has no value. */
static void thresholds_are_used(void **state)
{
	char quoted[96];

	(void)state;
	for (size_t i = 0; i < db_n_rules; i++) {
		const struct db_rule *rule = &db_rules[i];

		for (size_t t = 0; t < rule->n_thresholds; t++) {
			snprintf(quoted, sizeof(quoted), "'%s'", rule->thresholds[t].name);
			if (!strstr(rule->query.sql, quoted))
				fail_msg("%s: threshold %s is not used", rule->query.method,
					 rule->thresholds[t].name);
		}
		snprintf(quoted, sizeof(quoted), ".rule = '%s'", rule->query.method);
		if ((rule->n_thresholds > 0) != (strstr(rule->query.sql, quoted) != NULL))
			fail_msg("%s: joins audit_threshold without thresholds, or has some and "
				 "does not: %s",
				 rule->query.method, quoted);
	}
}

/* What stays small in ten years of a clinic may be looked through. */
static bool is_small(const char *step)
{
	static const char *const small[] = {"pen", "place",	      "practitioner", "product",
					    "lot", "audit_threshold", "log"};
	char table[64] = "";

	sscanf(step, "SCAN %63s", table);
	for (size_t i = 0; i < ELEMENTSOF(small); i++)
		if (streq(small[i], table))
			return true;
	return false;
}

/* Tables go by their alias in the plan: what the rule calls it. */
static bool is_small_alias(const char *sql, const char *step)
{
	static const char *const small[] = {"pen", "place",	      "practitioner", "product",
					    "lot", "audit_threshold", "log"};
	char alias[64] = "", pattern[160];

	sscanf(step, "SCAN %63s", alias);
	for (size_t i = 0; i < ELEMENTSOF(small); i++) {
		const char *p = sql;

		snprintf(pattern, sizeof(pattern), "%s %s", small[i], alias);
		while ((p = strstr(p, pattern))) {
			char before = p > sql ? p[-1] : ' ', after = p[strlen(pattern)];

			if (!strchr("_.", before) && strchr(" \n\t,)", after) &&
			    !(before >= 'a' && before <= 'z'))
				return true;
			p++;
		}
	}
	/* a subquery of the rule's own, whose steps are looked at too */
	snprintf(pattern, sizeof(pattern), ") %s\n", alias);
	if (strstr(sql, pattern))
		return true;
	snprintf(pattern, sizeof(pattern), "%s AS (", alias);
	if (strstr(sql, pattern))
		return true;
	snprintf(pattern, sizeof(pattern), "%s AS MATERIALIZED (", alias);
	return strstr(sql, pattern) != NULL;
}

static void check_plan(const struct db_rule *rule, enum db_rule_param by)
{
	sqlite3_stmt *stmt = prepare(rule, 1u << by, "EXPLAIN QUERY PLAN ");

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(stmt, 3);

		if (strncmp(step, "SCAN ", 5) == 0 && !strstr(step, "CONSTANT ROW") &&
		    !strstr(step, "VIRTUAL TABLE") && !is_small(step) &&
		    !is_small_alias(rule->query.sql, step))
			fail_msg("%s of one %s: %s", rule->query.method, db_rule_params[by].name,
				 step);
	}
	sqlite3_finalize(stmt);
}

static void one_thing_costs_no_more(void **state)
{
	static const enum db_rule_param by[] = {
		[SCOPE_SESSION] = RULE_SESSION, [SCOPE_PEN] = RULE_PEN,	    [SCOPE_LOT] = RULE_LOT,
		[SCOPE_CLIENT] = RULE_CLIENT,	[SCOPE_PLACE] = RULE_PLACE,
	};

	(void)state;
	for (size_t i = 0; i < db_n_rules; i++) {
		if (db_rules[i].scope == SCOPE_RECORD)
			continue;
		check_plan(&db_rules[i], by[db_rules[i].scope]);
		if (db_rules[i].scope == SCOPE_SESSION) {
			check_plan(&db_rules[i], RULE_SINCE);
			check_plan(&db_rules[i], RULE_CLIENT);
		}
	}
}

static void heads_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_rules; i++) {
		const struct db_rule *rule = &db_rules[i];

		assert_ptr_equal(db_rule_find(rule->query.method), rule);
		if (i > 0 && strcmp(db_rules[i - 1].query.method, rule->query.method) >= 0)
			fail_msg("%s is not in the order of names", rule->query.method);
		assert_true(rule->graded == (rule->severity == SEVERITY_NONE));
		assert_true(rule->key[0] != NULL);
	}
	assert_null(db_rule_find("session"));
	assert_int_equal(db_severity_parse("error"), SEVERITY_ERROR);
	assert_int_equal(db_severity_parse("none"), SEVERITY_NONE);
	assert_int_equal(db_severity_parse(NULL), SEVERITY_NONE);
	assert_string_equal(db_severity_name(SEVERITY_CRITICAL), "critical");
}

static size_t times_in(const char *const *names, size_t n, const char *name)
{
	size_t times = 0;

	for (size_t i = 0; i < n; i++)
		times += streq(names[i], name);
	return times;
}

/* A rule without cases is not finished. */
static void every_rule_has_cases(void **state)
{
	const size_t people = ELEMENTSOF(audit_rules_of_people),
		     pens = ELEMENTSOF(audit_rules_of_pens),
		     record = ELEMENTSOF(audit_rules_of_record);

	(void)state;
	assert_true(db_n_rules <= AUDIT_RULES_MAX);
	for (size_t i = 0; i < db_n_rules; i++) {
		const char *name = db_rules[i].query.method;

		if (times_in(audit_rules_of_people, people, name) +
			    times_in(audit_rules_of_pens, pens, name) +
			    times_in(audit_rules_of_record, record, name) !=
		    1)
			fail_msg("%s stands in not just one list of audit_cases.h", name);
	}
	assert_int_equal(people + pens + record, db_n_rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_fit_their_heads),   cmocka_unit_test(thresholds_are_used),
		cmocka_unit_test(one_thing_costs_no_more), cmocka_unit_test(heads_make_sense),
		cmocka_unit_test(every_rule_has_cases),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
