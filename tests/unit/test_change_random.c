/* SPDX-License-Identifier: MIT */
/*
 * Whatever is asked for in whatever order: each change is made or refused with a sentence, never
 * stopped by a mistake of its statements; and what came of it all is what verification builds
 * again. STIPPLE_SEED chooses another sequence, STIPPLE_CHANGES its length.
 */
#include <inttypes.h>

#include "change_world.h"

#define CHANGES 4000

static struct world w;
static uint64_t state_of_chance;

static uint32_t chance(uint32_t below)
{
	/* xorshift64* */
	state_of_chance ^= state_of_chance >> 12;
	state_of_chance ^= state_of_chance << 25;
	state_of_chance ^= state_of_chance >> 27;
	return (uint32_t)((state_of_chance * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* One of "a|b|c". */
static void pick(const char *values, char *out, size_t size)
{
	uint32_t n = 1;

	for (const char *p = values; *p; p++)
		n += *p == '|';
	for (n = chance(n); n > 0; n--)
		values = strchr(values, '|') + 1;
	snprintf(out, size, "%.*s", (int)strcspn(values, "|"), values);
}

static void make_time(char *out)
{
	/* mostly about now, which moves on; some far away */
	int64_t off = chance(20) == 0 ? (int64_t)chance(2000) * 86400 - 1000 * INT64_C(86400)
				      : (int64_t)chance(4 * 3600) - 3 * 3600;

	time_format_utc(change_at_us + off * SECOND_US, out);
}

/* The number of a record of @noun: mostly of one that is there, and new. */
static int64_t some_record(const char *noun)
{
	const struct db_noun *n = db_noun_find(noun);
	char sql[96];
	sqlite3_stmt *q;
	int64_t newest;

	assert_non_null(n);
	snprintf(sql, sizeof(sql), "SELECT coalesce(max(id), 0) FROM %s", n->table);
	assert_int_equal(sqlite3_prepare_v2(w.s->handle, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	newest = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	if (chance(20) == 0)
		return newest + 1;
	return MAX(newest - (int64_t)chance(chance(2) ? 3 : 20), INT64_C(1));
}

/* A day in the clinic begins with people, and is mostly sessions. */
static const struct db_change *some_change(void)
{
	for (;;) {
		const struct db_change *c = &db_changes[chance((uint32_t)db_n_changes)];

		if (chance(3) == 0 || strncmp(c->decl.method, "session.", 8) == 0 ||
		    streq(c->noun, "run") || streq(c->decl.method, "lot.use"))
			return c;
	}
}

/* A text that may be one, with things in it that bite. */
static void make_text(const struct db_param *p, char *out, size_t size)
{
	static const char *const texts[] = {
		"1001",		"1002", "1003",	 "Anna",
		"Bert's \"x\"", "Mara", "Łódź",	 "a",
		"A-17",		"%s%n", "Chair", "'; DROP TABLE client; --",
		"0603RL",	"c-1",	"c-2",	 "04012345678901",
		"[1]",		"null", "2026",	 "2026-02",
		"INVENTED-1"};

	snprintf(out, size, "%s", texts[chance(ELEMENTSOF(texts))]);
	if (p->max < (int64_t)strlen(out))
		out[MAX(p->max, INT64_C(1))] = '\0';
}

static void make_value(const struct db_param *p, char *out, size_t size)
{
	static const char *const refs[] = {"1001", "1002", "anna",  "#1/1",  "1001/1",
					   "Mara", "A-17", "Micro", "chair", "INVENTED-1"};
	int32_t day;

	switch (p->type) {
	case DB_INT:
		snprintf(out, size, "%" PRId64,
			 chance(5) == 0 ? p->min == INT64_MIN ? -1 : p->min : (int64_t)chance(50));
		return;
	case DB_REAL:
		snprintf(out, size, "%u.%u", chance(100), chance(100));
		return;
	case DB_BOOL:
		snprintf(out, size, "%s", chance(2) ? "true" : "false");
		return;
	case DB_TIME:
		make_time(out);
		return;
	case DB_REF:
		if (chance(3) > 0)
			snprintf(out, size, "#%" PRId64, some_record(p->noun));
		else
			snprintf(out, size, "%s", refs[chance(ELEMENTSOF(refs))]);
		return;
	case DB_DATE:
	case DB_EXPIRY:
		day = (int32_t)chance(12);
		snprintf(out, size,
			 p->type == DB_EXPIRY && chance(2) ? "20%02u-%02d" : "20%02u-%02d-%02u",
			 20 + chance(12), day + 1, 1 + chance(28));
		return;
	case DB_LIST: {
		char item[64];
		size_t n = 0;

		n += (size_t)snprintf(out, size, "[");
		for (uint32_t i = chance(3); i > 0; i--) {
			if (p->values)
				pick(p->values, item, sizeof(item));
			else if (streq(p->name, "pens"))
				snprintf(item, sizeof(item), "INVENTED-1");
			else
				snprintf(item, sizeof(item), "%u", 1 + chance(8));
			n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", n > 1 ? "," : "",
					      item);
		}
		snprintf(out + n, size - n, "]");
		return;
	}
	case DB_JSON:
		snprintf(out, size, "{\"a\":[1,\"x\"]}");
		return;
	case DB_TEXT:
		if (p->values)
			pick(p->values, out, size);
		else
			make_text(p, out, size);
		return;
	}
}

/* A message for any change, with required parameters and some of the others. */
static struct db_msg *make_change(const struct db_change *c)
{
	struct db_msg *msg = db_change_msg_new(c);
	uint32_t share = 1 + chance(4);

	assert_non_null(msg);
	msg->change.at_us = change_at_us;
	snprintf(msg->change.actor.name, sizeof(msg->change.actor.name), "somebody");
	for (size_t i = 0; i < c->decl.n_params; i++) {
		const struct db_param *p = &c->decl.params[i];
		char text[256] = "", problem[256];
		bool rare = i == c->n_own + CHANGE_REQUEST_ID || i == c->n_own + CHANGE_VERSION ||
			    i == c->n_own + CHANGE_DRY_RUN;

		if (rare ? chance(20) > 0
			 : !p->required && chance(4) >= share && i != c->n_own + CHANGE_REASON &&
				    i != c->n_own + CHANGE_AMEND)
			continue;
		if (!p->required && i == c->n_own + CHANGE_REASON && chance(4) == 0)
			continue;
		make_value(p, text, sizeof(text));
		(void)db_value_set(p, &msg->change.value[i], text, strlen(text),
				   problem); /* what does not fit is left out */
	}
	return msg;
}

/* Runs of a pen, so that there is machine time to be linked. */
static void make_runs(struct test_pen *p)
{
	uint64_t at;

	pen_init(p, "INVENTED-1", 0x1234567890abcdef);
	at = pen_attach(&w, p, WORLD_NOW_US);
	pen_boot(p);
	for (uint32_t i = 1; i <= 6; i++)
		pen_run(p, i, 120, 40);
	pen_drain(&w, p, at, 50, WORLD_NOW_US + 3600 * SECOND_US);
	pen_done(p);
}

static void says_what_it_does_not_do(void **state)
{
	const char *seed = getenv("STIPPLE_SEED"), *changes = getenv("STIPPLE_CHANGES");
	uint32_t n = changes ? (uint32_t)strtoul(changes, NULL, 10) : CHANGES, done = 0,
		 mistakes = 0;
	bool made[256] = {false};
	static struct test_pen p;

	(void)state;
	state_of_chance = seed ? strtoull(seed, NULL, 10) | 1 : UINT64_C(20261118);
	print_message("STIPPLE_SEED=%" PRIu64 "\n", state_of_chance);
	make_runs(&p);
	for (uint32_t i = 0; i < n; i++) {
		const struct db_change *c = some_change();
		bool failed;
		int r;

		change_at_us += (int64_t)chance(600) * SECOND_US;
		change_done();
		changed = make_change(c);
		assert_int_equal(store_begin(w.s), 0);
		r = store_apply(w.s, changed, false, &failed);
		if (failed || (r < 0 && r != -EBADR)) {
			mistakes++;
			print_message("change %u, %s: %s\n", i, c->decl.method,
				      changed->change.refusal.text);
			for (size_t k = 0; k < c->decl.n_params; k++)
				if (changed->change.value[k].set)
					print_message("    %s = %s %" PRId64 "\n",
						      c->decl.params[k].name,
						      changed->change.value[k].text
							      ? changed->change.value[k].text
							      : "",
						      changed->change.value[k].i);
		}
		if (r == -EBADR && !changed->change.refusal.text[0])
			fail_msg("%s was refused without a word", c->decl.method);
		done += r == 0;
		made[c - db_changes] |= r == 0;
		if (failed)
			store_rollback(w.s);
		else
			assert_int_equal(store_commit(w.s), 0);
	}
	print_message("%u of %u changes were made; never:", done, n);
	for (size_t i = 0; i < db_n_changes; i++)
		if (!made[i])
			print_message(" %s", db_changes[i].decl.method);
	print_message("\n");
	change_done();
	world_verify(&w);
	assert_int_equal(mistakes, 0);
	assert_true(done > n / 20);
}

static int setup(void **state)
{
	(void)state;
	change_at_us = WORLD_NOW_US;
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	change_done();
	world_done(&w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_does_not_do, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
