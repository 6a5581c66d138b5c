/* SPDX-License-Identifier: MIT */
/* Every file of daemon/sql/change and resolve against the schema: what is bound is declared, what
 * is declared is bound, checks only read, what follows from an entry follows from nothing else, and
 * nothing walks a large table. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "db/change.h"
#include "db/sql_functions.h"
#include "db/verify_tables.h"

#define NAMES_MAX 96

static sqlite3 *handle;

/* What statements of a change may be bound to. */
struct names {
	char name[NAMES_MAX][64];
	bool used[NAMES_MAX];
	size_t n;
};

static int setup(void **state)
{
	char *error = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	assert_int_equal(sql_functions_add(handle), SQLITE_OK);
	for (size_t i = 0; i < db_n_schema; i++)
		if (sqlite3_exec(handle, db_schema[i].sql, NULL, NULL, &error) != SQLITE_OK)
			fail_msg("%s: %s", db_schema[i].name, error);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sqlite3_close(handle);
	return 0;
}

static int find(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (streq(names->name[i], name))
			return (int)i;
	return -1;
}

static void add(struct names *names, const char *name)
{
	assert_true(names->n < NAMES_MAX);
	snprintf(names->name[names->n++], sizeof(names->name[0]), "%s", name);
}

static void add_params(struct names *names, const struct db_change *c)
{
	static const char *const always[] = {"entry",	     "at_us", "actor",
					     "on_behalf_of", "amend", "reason"};

	*names = (struct names){.n = 0};
	for (size_t i = 0; i < c->n_own; i++)
		add(names, c->decl.params[i].name);
	for (size_t i = 0; i < ELEMENTSOF(always); i++)
		add(names, always[i]);
}

/* One statement at @sql; *ret_rest what follows. NULL: none. */
static sqlite3_stmt *prepare(const char *method, const char *sql, const char **ret_rest)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(handle, sql, -1, &q, ret_rest) != SQLITE_OK)
		fail_msg("%s: %s\n%.300s", method, sqlite3_errmsg(handle), sql);
	return q;
}

static void check_bound(const char *method, sqlite3_stmt *q, struct names *names)
{
	for (int i = 1; i <= sqlite3_bind_parameter_count(q); i++) {
		const char *name = sqlite3_bind_parameter_name(q, i);
		int at;

		if (!name || name[0] != ':')
			fail_msg("%s: a parameter without a name", method);
		at = find(names, name + 1);
		if (at < 0)
			fail_msg("%s: %s is neither a param nor a column of an earlier let", method,
				 name);
		names->used[at] = true;
	}
}

/* Statements that finish what comes out, one after the other. */
typedef void check_statement(const struct db_change *c, const struct db_section *section,
			     sqlite3_stmt *q, struct names *names);

static void each_statement(const struct db_change *c, check_statement *check, struct names *names)
{
	add_params(names, c);
	for (size_t i = 0; i < c->n_sections; i++) {
		const char *sql = c->sections[i].sql;
		sqlite3_stmt *q;
		int n = 0;

		while ((q = prepare(c->decl.method, sql, &sql))) {
			n++;
			check(c, &c->sections[i], q, names);
			if (c->sections[i].kind == SECTION_LET)
				for (int k = 0; k < sqlite3_column_count(q); k++)
					add(names, sqlite3_column_name(q, k));
			sqlite3_finalize(q);
		}
		if (c->sections[i].kind != SECTION_APPLY && n != 1)
			fail_msg("%s: %d statements where there is to be one", c->decl.method, n);
	}
}

static void each_change(check_statement *check)
{
	struct names names;

	assert_true(db_n_changes > 0);
	for (size_t i = 0; i < db_n_changes; i++)
		each_statement(&db_changes[i], check, &names);
}

static void check_shape(const struct db_change *c, const struct db_section *section,
			sqlite3_stmt *q, struct names *names)
{
	size_t n = c->decl.n_columns - CHANGE_COLUMNS_BEFORE - CHANGE_COLUMNS_AFTER;
	int columns = sqlite3_column_count(q);

	check_bound(c->decl.method, q, names);
	if (section->kind != SECTION_APPLY && !sqlite3_stmt_readonly(q))
		fail_msg("%s: a let, check or answer that writes", c->decl.method);
	if (section->kind == SECTION_APPLY && sqlite3_stmt_readonly(q))
		fail_msg("%s: an apply that writes nothing: %s", c->decl.method, sqlite3_sql(q));
	if (section->kind == SECTION_CHECK && columns != 2 && columns != 3)
		fail_msg("%s: a check gives code, message and perhaps a hint, not %d columns",
			 c->decl.method, columns);
	if (section->kind == SECTION_LET)
		for (int i = 0; i < columns; i++)
			if (find(names, sqlite3_column_name(q, i)) >= 0)
				fail_msg("%s: a let gives %s, which there is", c->decl.method,
					 sqlite3_column_name(q, i));
	if (section->kind != SECTION_ANSWER)
		return;
	if ((size_t)columns != n)
		fail_msg("%s: an answer of %d columns, %zu are declared", c->decl.method, columns,
			 n);
	for (size_t i = 0; i < n; i++)
		if (!streq(sqlite3_column_name(q, (int)i),
			   c->decl.columns[CHANGE_COLUMNS_BEFORE + i].name))
			fail_msg("%s: column %zu of the answer is %s, declared is %s",
				 c->decl.method, i, sqlite3_column_name(q, (int)i),
				 c->decl.columns[CHANGE_COLUMNS_BEFORE + i].name);
}

static void sections_fit_their_heads(void **state)
{
	(void)state;
	each_change(check_shape);
}

/* Each own param matters: it is bound, or names a record. */
static void params_are_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_changes; i++) {
		const struct db_change *c = &db_changes[i];
		struct names names;

		each_statement(c, check_shape, &names);
		for (size_t p = 0; p < c->n_own; p++) {
			bool named = false;

			for (size_t a = 0; a < c->n_about; a++)
				named |= streq(c->about[a].name, c->decl.params[p].name);
			if (!names.used[p] && !named)
				fail_msg("%s: param %s is not used", c->decl.method,
					 c->decl.params[p].name);
		}
		for (size_t a = 0; a < c->n_about; a++)
			if (find(&names, c->about[a].name) < 0)
				fail_msg("%s: about %s is nothing", c->decl.method,
					 c->about[a].name);
	}
}

/* Whether @word stands in @sql as a word of its own. */
static bool has_word(const char *sql, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = sql; (p = strcasestr(p, word)); p += n)
		if ((p == sql || !(isalnum((unsigned char)p[-1]) || strchr("_:'", p[-1]))) &&
		    !(isalnum((unsigned char)p[n]) || p[n] == '_'))
			return true;
	return false;
}

/* SQLite tells what a statement reads. */
struct reads {
	const char *method;
	bool writing; /* a DELETE reads what it deletes */
};

static int on_access(void *ctx, int action, const char *a, const char *b, const char *database,
		     const char *trigger)
{
	static const char *const hidden[] = {"personal", "entry",  "request", "head", "tail",
					     "block",	 "cursor", "contact", "boot"};
	struct reads *r = ctx;

	(void)b;
	(void)database;
	(void)trigger;
	for (size_t i = 0; action == SQLITE_READ && i < ELEMENTSOF(hidden); i++)
		if (streq(a, hidden[i]) && !r->writing)
			fail_msg("%s: an apply reads %s, which verification does not build",
				 r->method, a);
	return SQLITE_OK;
}

static void check_apply(const struct db_change *c, const struct db_section *section,
			sqlite3_stmt *q, struct names *names)
{
	static const char *const bad[] = {
		"random",	"randomblob",	     "now",	"current_timestamp", "current_time",
		"current_date", "last_insert_rowid", "changes", "total_changes"};
	struct reads reads = {.method = c->decl.method};
	sqlite3_stmt *again;
	const char *sql = sqlite3_sql(q);

	(void)names;
	if (section->kind != SECTION_APPLY)
		return;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		if (has_word(sql, bad[i]) || strcasestr(sql, "'now'"))
			fail_msg("%s: an apply uses %s: it would not give the same again",
				 c->decl.method, bad[i]);
	/* Taking personal values out is the one thing that an apply does to them. */
	sql += strspn(sql, " \t\n");
	reads.writing = strncasecmp(sql, "DELETE FROM personal", 20) == 0 ||
			strncasecmp(sql, "DELETE FROM request", 19) == 0;
	if (reads.writing)
		assert_true(c->wipe);
	sqlite3_set_authorizer(handle, on_access, &reads);
	again = prepare(c->decl.method, sql, &sql);
	sqlite3_finalize(again);
	sqlite3_set_authorizer(handle, NULL, NULL);
}

static void applies_follow_from_the_entry(void **state)
{
	(void)state;
	each_change(check_apply);
}

/* Tables that stay small, and those inside of one statement. */
static bool may_walk(const char *step)
{
	static const char *const small[] = {
		"practitioner", "place",  "product",   "code",	       "lot",	    "pen",
		"setting",	"relink", "json_each", "CONSTANT ROW", "(subquery", "SUBQUERY",
		"profile",
	};
	const char *what = step + strlen("SCAN ");

	for (size_t i = 0; i < ELEMENTSOF(small); i++)
		if (strncasecmp(what, small[i], strlen(small[i])) == 0 ||
		    strstr(step, "VIRTUAL TABLE"))
			return true;
	/* all clients, one by one, for each that is added: 10 000 are looked through in some milliseconds */
	if (strstr(step, "SCAN namesake"))
		return true;
	/* open and unsigned sessions, of which there are few, have indexes of their own */
	return strstr(step, "session_open") || strstr(step, "session_unsigned") ||
	       strstr(step, "reaction_open");
}

/* Short names hide the table: those that the files give to small ones. */
static bool is_small_alias(const char *sql, const char *step)
{
	static const char *const small[] = {"practitioner", "place", "product",
					    "lot",	    "code",  "pen"};
	char alias[32] = "", pattern[64];

	sscanf(step, "SCAN %31s", alias);
	for (size_t i = 0; i < ELEMENTSOF(small); i++) {
		snprintf(pattern, sizeof(pattern), "%s %s", small[i], alias);
		if (has_word(sql, pattern))
			return true;
	}
	/* a table expression, whose own steps are looked at too */
	snprintf(pattern, sizeof(pattern), "%s AS (", alias);
	if (strstr(sql, pattern))
		return true;
	snprintf(pattern, sizeof(pattern), "%s (", alias);
	return strstr(sql, pattern) != NULL;
}

/* A view that is a subquery of its own: its steps are looked at too. */
static bool is_view(const char *step)
{
	char name[64] = "";
	sqlite3_stmt *q;
	const char *rest;
	bool found;

	sscanf(step, "SCAN %63s", name);
	q = prepare("views", "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1",
		    &rest);
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	found = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	return found;
}

static void check_plan(const char *method, const char *sql)
{
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	const char *rest;
	sqlite3_stmt *q = prepare(method, explain, &rest);

	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(q, 3);

		if (strncmp(step, "SCAN ", 5) == 0 && !may_walk(step) &&
		    !is_small_alias(sql, step) && !is_view(step))
			fail_msg("%s: %s\n%s", method, step, sql);
	}
	sqlite3_finalize(q);
	sqlite3_free(explain);
}

static void check_walks(const struct db_change *c, const struct db_section *section,
			sqlite3_stmt *q, struct names *names)
{
	(void)section;
	(void)names;
	check_plan(c->decl.method, sqlite3_sql(q));
}

static void nothing_walks_a_large_table(void **state)
{
	(void)state;
	each_change(check_walks);
}

static void heads_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_changes; i++) {
		const struct db_change *c = &db_changes[i];
		bool personal = false,
		     somebody = streq(c->noun, "client") || streq(c->noun, "session");

		assert_ptr_equal(db_change_find(c->decl.method), c);
		assert_null(db_query_find(c->decl.method));
		if (i > 0 && strcmp(db_changes[i - 1].decl.method, c->decl.method) >= 0)
			fail_msg("%s is not in the order of names", c->decl.method);
		if (!db_noun_find(c->noun))
			fail_msg("%s: there are no records of %s (daemon/db/noun.c)",
				 c->decl.method, c->noun);
		assert_int_equal(c->decl.n_params, c->n_own + CHANGE_PARAMS_);
		assert_true(c->decl.n_params <= DB_PARAMS_MAX);
		assert_string_equal(c->decl.params[c->n_own + CHANGE_REASON].name, "reason");
		assert_string_equal(c->decl.params[c->n_own + CHANGE_ON_BEHALF_OF].name,
				    "on_behalf_of");
		assert_string_equal(c->decl.params[c->n_own + CHANGE_REQUEST_ID].name,
				    "request_id");
		assert_string_equal(c->decl.params[c->n_own + CHANGE_VERSION].name, "version");
		assert_string_equal(c->decl.params[c->n_own + CHANGE_AMEND].name, "amend");
		assert_string_equal(c->decl.params[c->n_own + CHANGE_DRY_RUN].name, "dry_run");
		assert_int_equal(c->decl.params[c->n_own + CHANGE_REASON].required,
				 c->reason == REASON_REQUIRED);
		for (size_t p = 0; p < c->n_own; p++) {
			const struct db_param *param = &c->decl.params[p];

			personal |= param->personal;
			if (param->type == DB_REF && !db_noun_find(param->noun))
				fail_msg("%s: %s refers to %s, which is no kind of record",
					 c->decl.method, param->name, param->noun);
			/* Whatever comes in has a bound. */
			if (param->type == DB_TEXT && !param->values && param->max > LIMIT_TEXT &&
			    param->max != LIMIT_PROFILE_BYTES)
				fail_msg("%s: text %s without max=", c->decl.method, param->name);
		}
		for (size_t a = 0; a < c->n_about; a++) {
			if (!db_noun_find(c->about[a].noun))
				fail_msg("%s: about %s, which is no kind of record: write %s=NOUN",
					 c->decl.method, c->about[a].noun, c->about[a].name);
			somebody |= streq(c->about[a].noun, "client") ||
				    streq(c->about[a].noun, "session");
		}
		/* client.erase finds personal values by whom their entries are about. */
		if (personal && !somebody)
			fail_msg("%s: personal values, but neither client nor session in about",
				 c->decl.method);
	}
	assert_null(db_change_find("session"));
	for (size_t i = 1; i < db_n_nouns; i++)
		assert_true(strcmp(db_nouns[i - 1].name, db_nouns[i].name) < 0);
}

static void nouns_have_tables(void **state)
{
	const char *rest;

	(void)state;
	for (size_t i = 0; i < db_n_nouns; i++) {
		sqlite3_stmt *q = prepare(db_nouns[i].name, db_nouns[i].row, &rest);
		bool version = false;

		for (int k = 0; k < sqlite3_column_count(q); k++)
			version |= streq(sqlite3_column_name(q, k), "entry");
		assert_true(version);
		sqlite3_finalize(q);
	}
}

static void finders_give_candidates(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_resolves; i++) {
		const struct db_resolve *r = &db_resolves[i];
		const char *rest;
		sqlite3_stmt *q = prepare(r->noun, r->sql, &rest);

		assert_ptr_equal(db_resolve_find(r->noun), r);
		if (!db_noun_find(r->noun))
			fail_msg("resolve/%s.sql finds what is no kind of record", r->noun);
		if (rest[strspn(rest, " \t\n;")])
			fail_msg("resolve/%s.sql: more than one statement", r->noun);
		assert_true(sqlite3_stmt_readonly(q));
		assert_int_equal(sqlite3_column_count(q), 3);
		assert_string_equal(sqlite3_column_name(q, 0), "id");
		assert_string_equal(sqlite3_column_name(q, 1), "label");
		assert_string_equal(sqlite3_column_name(q, 2), "rank");
		assert_int_equal(sqlite3_bind_parameter_count(q), 1);
		assert_string_equal(sqlite3_bind_parameter_name(q, 1), ":text");
		sqlite3_finalize(q);
	}
}

/* What verification does not compare is not in the chain, and is known not to be. */
static void every_table_is_verified(void **state)
{
	static const char *const others[] = {
		"entry",  "personal", "head",			  /* the chain itself */
		"cursor", "contact",  "boot",	 "tail", "block", /* working tables of ingest */
		"relink", "moved",    "retotal", "recount", "request", /* empty between transactions; answers */
		"audit_seen", "audit_cursor",	 /* what was told of already */
		"kept_head",			 /* signed: verify_heads() */
		"verified",			 /* what was found before */
	};
	sqlite3_stmt *q;
	const char *rest;

	(void)state;
	q = prepare(
		"schema",
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
		&rest);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		bool known = verify_knows_table(name);

		for (size_t i = 0; i < ELEMENTSOF(others); i++)
			known |= streq(others[i], name);
		if (!known)
			fail_msg("table %s is compared by nothing (daemon/db/verify_tables.c)",
				 name);
	}
	sqlite3_finalize(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_fit_their_heads),
		cmocka_unit_test(params_are_used),
		cmocka_unit_test(applies_follow_from_the_entry),
		cmocka_unit_test(nothing_walks_a_large_table),
		cmocka_unit_test(heads_make_sense),
		cmocka_unit_test(nouns_have_tables),
		cmocka_unit_test(finders_give_candidates),
		cmocka_unit_test(every_table_is_verified),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
