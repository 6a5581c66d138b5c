/* SPDX-License-Identifier: MIT */
/* What the tool says beside the declarations must name what is declared: a method, a parameter or a
 * column with another name would silently be left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../tools/ctl-declared.c"
#include "../../tools/ctl-lines.c"

/* Verbs with code are not looked at here. */
const struct ctl_verb ctl_verbs[] = {{}};
int ctl_print_list(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_print_object(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_change(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_export(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_history(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_audit(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_profile_load(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_profile_use(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_profile_show(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_audit_explain(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_audit_acknowledge(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_recall(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_today(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_report_session(struct ctl *ctl)
{
	return ctl != NULL;
}
int ctl_report_client(struct ctl *ctl)
{
	return ctl != NULL;
}

static const struct db_query *query(const char *method)
{
	for (size_t i = 0; i < db_n_queries; i++)
		if (streq(db_queries[i].method, method))
			return &db_queries[i];
	return NULL;
}

static const struct db_change *change(const char *method)
{
	for (size_t i = 0; i < db_n_changes; i++)
		if (streq(db_changes[i].decl.method, method))
			return &db_changes[i];
	return NULL;
}

static bool has_param(const struct db_query *q, const char *name, size_t len)
{
	for (size_t i = 0; i < q->n_params; i++)
		if (strlen(q->params[i].name) == len && memcmp(q->params[i].name, name, len) == 0)
			return true;
	return false;
}

static void expect_words(const struct ctl_line *l, const struct db_query *q, const char *words,
			 bool columns)
{
	while (words && *words) {
		size_t len = strcspn(words, " "), name = columns ? strcspn(words, "= ") : len;

		if (columns ? !column_find(q, words, name) : !has_param(q, words, name))
			fail_msg("%s has no %s %.*s", l->method, columns ? "column" : "parameter",
				 (int)name, words);
		words += len + (words[len] == ' ');
	}
}

/* Whether a sentence about @c can know @name: from the answer, the record, what was typed, or the
 * session or client named. */
static bool known(const struct db_change *c, const char *name, size_t len)
{
	const char *nouns[] = {c->noun, "session", "client"};
	char method[64];

	if (column_find(&c->decl, name, len) || has_param(&c->decl, name, len))
		return true;
	for (size_t i = 0; i < ELEMENTSOF(nouns); i++) {
		const struct db_query *get;

		snprintf(method, sizeof(method), "%s.get", nouns[i]);
		get = query(method);
		if (i > 0 && !has_param(&c->decl, nouns[i], strlen(nouns[i])))
			continue;
		if (get && (column_find(get, name, len) ||
			    (strlen(nouns[i]) == len && memcmp(nouns[i], name, len) == 0)))
			return true;
	}
	return false;
}

static void expect_members(const struct ctl_line *l, const struct db_change *c)
{
	int depth = 0;

	for (const char *p = l->done; *p; p++) {
		size_t len = strcspn(p, "}"), name = strcspn(p, ":}");

		depth += *p == '[' ? 1 : *p == ']' ? -1 : 0;
		if (*p != '{')
			continue;
		assert_true(p[len] == '}');
		if (p[1] == '='	     ? !has_param(&c->decl, p + 2, name - 2)
		    : p[name] == ':' ? !column_find(&c->decl, p + 1, name - 1)
				     : !known(c, p + 1, name - 1))
			fail_msg("the sentence of %s wants %.*s, which nobody says", l->method,
				 (int)len + 1, p);
		p += len;
	}
	assert_int_equal(depth, 0);
}

static void test_lines_name_what_there_is(void **state)
{
	size_t changes = 0;

	(void)state;
	for (const struct ctl_line *l = ctl_lines; l->method; l++) {
		const struct db_change *c = change(l->method);
		const struct db_query *q = c ? &c->decl : query(l->method);

		if (!q)
			fail_msg("there is no method %s", l->method);
		expect_words(l, q, l->args, false);
		expect_words(l, q, l->fixed, false);
		expect_words(l, q, l->columns, true);
		assert_true(!l->done || c);
		if (l->done)
			expect_members(l, c);
		changes += c != NULL;
	}
	assert_true(changes > 30);
}

/* Each method that people may call has a verb, and no two verbs have one name. */
static void test_verbs(void **state)
{
	const struct ctl_verb *v = ctl_verbs_all();

	(void)state;
	assert_non_null(v);
	for (size_t i = 0; i < db_n_changes; i++)
		if (db_changes[i].decl.role != ROLE_DAEMON &&
		    !ctl_verb_of(db_changes[i].decl.method))
			fail_msg("%s has no verb", db_changes[i].decl.method);
	for (; v[0].name && v[1].name; v++) {
		assert_true(strcmp(v[0].name, v[1].name) < 0);
		assert_non_null(v->doc);
	}
}

/* No option hides another: names are the verb's own, and letters are few. */
static void test_options(void **state)
{
	(void)state;
	for (const struct ctl_verb *v = ctl_verbs_all(); v->name; v++)
		for (size_t i = 0; i < v->n_own; i++)
			for (size_t k = 0; k < i; k++) {
				if (streq(v->own[i].name, v->own[k].name))
					fail_msg("'%s' has two options --%s", v->name,
						 v->own[i].name);
				assert_true(!v->own[i].letter ||
					    v->own[i].letter != v->own[k].letter);
				assert_true(v->own[i].position < 0 ||
					    v->own[i].position != v->own[k].position);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_name_what_there_is),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
