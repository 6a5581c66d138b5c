/* SPDX-License-Identifier: MIT */
/* One vocabulary: the words that a method takes are those that its table takes, all of them and no
 * others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "db/change.h"

#define WORDS_MAX 512

/* The words of the column's CHECK (column IN (...)) in the schema, "|a|b|c|"; false when it has
 * none. */
static bool schema_words(const char *table, const char *column, char out[WORDS_MAX])
{
	char begin[80], check[80];

	snprintf(begin, sizeof(begin), "CREATE TABLE %s (", table);
	snprintf(check, sizeof(check), "CHECK (%s IN (", column);
	for (size_t i = 0; i < db_n_schema; i++) {
		const char *from = strstr(db_schema[i].sql, begin);
		const char *at = from ? strstr(from, check) : NULL;
		const char *end = from ? strstr(from, "\n) STRICT") : NULL;
		size_t n = 0;

		if (!at || !end || at > end)
			continue;
		out[n++] = '|';
		for (at += strlen(check); *at != ')'; at++) {
			assert_true(n < WORDS_MAX - 2);
			if (*at == ',')
				out[n++] = '|';
			else if (!strchr("' \t\n", *at))
				out[n++] = *at;
		}
		out[n++] = '|';
		out[n] = '\0';
		return true;
	}
	return false;
}

/* Whether each word of "a|b" is one of "|a|b|c|". */
static bool holds_all(const char *words, const char *values)
{
	for (const char *v = values; *v;) {
		size_t len = strcspn(v, "|");
		char word[80];

		snprintf(word, sizeof(word), "|%.*s|", (int)len, v);
		if (!strstr(words, word))
			return false;
		v += len + (v[len] == '|');
	}
	return true;
}

static size_t count(const char *words)
{
	size_t n = 0;

	for (; *words; words++)
		n += *words == '|';
	return n;
}

/* The words for a parameter: of the column of its name in the method's own table, or of a word that
 * is the same everywhere. */
static bool words_of(const char *noun, const struct db_param *p, char out[WORDS_MAX])
{
	const struct db_noun *of = db_noun_find(noun);

	if (!p->values || streq(p->name, "clear"))
		return false;
	if (streq(p->name, "zone") || streq(p->name, "zones"))
		return schema_words("segment", "zone", out);
	if (streq(p->name, "category"))
		return schema_words("product", "category", out);
	return of && schema_words(of->table, p->name, out);
}

static void changes_take_what_tables_take(void **state)
{
	char words[WORDS_MAX];
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < db_n_changes; i++) {
		const struct db_change *c = &db_changes[i];

		for (size_t k = 0; k < c->n_own; k++) {
			const struct db_param *p = &c->decl.params[k];

			if (!words_of(c->noun, p, words))
				continue;
			if (!holds_all(words, p->values) || count(p->values) + 2 != count(words))
				fail_msg("%s: %s is %s, but the table takes %s", c->decl.method,
					 p->name, p->values, words);
			compared++;
		}
	}
	assert_true(compared > 20);
}

/* A list may leave out what it never shows. */
static void lists_ask_for_what_tables_hold(void **state)
{
	char words[WORDS_MAX];
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < db_n_queries; i++) {
		const struct db_query *q = &db_queries[i];
		char noun[32];

		snprintf(noun, sizeof(noun), "%.*s", (int)strcspn(q->method, "."), q->method);
		for (size_t k = 0; k < q->n_params; k++) {
			const struct db_param *p = &q->params[k];

			if (!words_of(noun, p, words))
				continue;
			if (!holds_all(words, p->values))
				fail_msg("%s: %s is %s, but the table takes %s", q->method, p->name,
					 p->values, words);
			compared++;
		}
	}
	assert_true(compared >= 5);
}

/* Conditions and step kinds stand in the schema; a zone is the same word in each table that has
 * one. */
static void zones_are_the_same_everywhere(void **state)
{
	char segment[WORDS_MAX], condition[WORDS_MAX];

	(void)state;
	assert_true(schema_words("segment", "zone", segment));
	assert_true(schema_words("condition", "zone", condition));
	assert_string_equal(segment, condition);
	assert_int_equal(count(segment), 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_take_what_tables_take),
		cmocka_unit_test(lists_ask_for_what_tables_hold),
		cmocka_unit_test(zones_are_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
