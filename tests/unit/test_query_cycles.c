/* SPDX-License-Identifier: MIT */
/* run.cycles against a plain computation over the same invented cycles, with gaps, unknown values
 * and a tail. */
#include <jansson.h>

#include "record_fixture.h"
#include "db/cycles_query.h"
#include "db/db_internal.h"
#include "db/sql_functions.h"
#include "db/statement.h"

#define MOST 6000

/* What a run holds, cycle by cycle. */
struct truth {
	uint32_t cycles;
	bool held[MOST];
	uint32_t period_us[MOST];
	uint16_t depth_um[MOST];
};

struct world {
	struct fixture f;
	sqlite3 *handle; /* a reader's */
	struct statements statements;
	struct truth t;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	fixture_open(&w->f);
	assert_int_equal(db_open_reader_handle(w->f.path, &w->handle), 0);
	assert_int_equal(sql_functions_add(w->handle), SQLITE_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	statements_done(&w->statements);
	sqlite3_close(w->handle);
	fixture_close(&w->f);
	free(w);
	return 0;
}

/* The job of run.cycles; 0 for a parameter that is not given. */
static struct db_job *job_new(int64_t run, int64_t points, int64_t first, int64_t limit)
{
	struct db_job *job = calloc(1, sizeof(*job));
	int64_t value[] = {run, points, first, limit};

	assert_non_null(job);
	job->query = db_query_find("run.cycles");
	job->out.limit = LIMIT_RESULT_BYTES;
	for (size_t i = 0; i < ELEMENTSOF(value); i++) {
		char text[24], problem[256] = "";

		if (value[i] == 0)
			continue;
		snprintf(text, sizeof(text), "%lld", (long long)value[i]);
		if (db_query_set(job, i, text, strlen(text), problem) < 0)
			fail_msg("%s", problem);
	}
	assert_int_equal(db_query_bind(job, job->problem), 0);
	return job;
}

static int run_job(struct world *w, struct db_job *job)
{
	sqlite3_stmt *stmt;
	int r;

	assert_int_equal(statements_get(&w->statements, w->handle, job->query, job->value, &stmt),
			 SQLITE_OK);
	r = cycles_render(job, stmt);
	statement_release(stmt);
	return r;
}

static json_t *ask(struct world *w, int64_t run, int64_t points, int64_t first, int64_t limit)
{
	struct db_job *job = job_new(run, points, first, limit);
	json_t *answer;
	int r = run_job(w, job);

	if (r < 0)
		fail_msg("%d %s", r, job->problem);
	answer = json_loadb(job->out.data, job->out.len, 0, NULL);
	if (!answer)
		fail_msg("%s", job->out.data);
	db_job_free(job);
	return answer;
}

static int64_t number(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/*
 * Makes a run of @cycles cycles in pieces of up to @piece, some lost whole, some values unknown;
 * those of an open run are its tail.
 */
static int64_t make_run(struct world *w, uint32_t seed, uint32_t cycles, uint32_t piece, bool open,
			bool lossy)
{
	struct truth *t = &w->t;
	int64_t held = 0, run;

	*t = (struct truth){.cycles = cycles};
	run = fixture_run(&w->f, 1, open ? FIXTURE_OPEN : FIXTURE_ENDED, 0, 0, 0);
	for (uint32_t at = 0; at < cycles;) {
		uint32_t n = MIN(1 + random_next(&seed) % piece, cycles - at);

		/* the last piece is held: without it nothing tells an open run's length */
		if (!lossy || at + n == cycles || random_next(&seed) % 4 != 0) {
			for (uint32_t i = at; i < at + n; i++) {
				uint32_t dice = random_next(&seed) % 20;

				t->held[i] = true;
				t->period_us[i] = dice == 0 ? PW_PERIOD_UNKNOWN
							    : 8000 + random_next(&seed) % 4000;
				t->depth_um[i] =
					dice <= 1 ? PW_DEPTH_UNKNOWN
						  : (uint16_t)(300 + random_next(&seed) % 400);
			}
			fixture_cycles(&w->f, open, run, at, t->period_us + at, t->depth_um + at,
				       n);
			held += n;
		}
		at += n;
	}
	fixture_exec(&w->f, "UPDATE run SET cycles = %lld, lost_cycles = %lld WHERE id = %lld",
		     (long long)held, open ? 0LL : (long long)cycles - held, (long long)run);
	return run;
}

/* The values of an answer without points are those of the truth, and gaps are what is not held. */
static void check_each(struct world *w, json_t *answer, uint32_t first, uint32_t limit)
{
	uint32_t end = MIN(first + limit, w->t.cycles), n = end - first, gap = 0, at = first;
	json_t *period = json_object_get(answer, "period_us"),
	       *depth = json_object_get(answer, "depth_um");
	json_t *gaps = json_object_get(answer, "gaps");

	assert_int_equal(number(answer, "cycles"), w->t.cycles);
	assert_int_equal(number(answer, "first"), first);
	assert_int_equal(number(answer, "count"), n);
	assert_int_equal(json_array_size(period), n);
	assert_int_equal(json_array_size(depth), n);
	for (uint32_t i = 0; i < n; i++) {
		const struct truth *t = &w->t;
		json_t *p = json_array_get(period, i), *d = json_array_get(depth, i);
		bool know_p = t->held[first + i] && t->period_us[first + i] != PW_PERIOD_UNKNOWN;
		bool know_d = t->held[first + i] && t->depth_um[first + i] != PW_DEPTH_UNKNOWN;

		assert_true(know_p ? json_integer_value(p) == t->period_us[first + i]
				   : json_is_null(p));
		assert_true(know_d ? json_integer_value(d) == t->depth_um[first + i]
				   : json_is_null(d));
	}
	while (at < end) {
		uint32_t from = at;

		while (at < end && !w->t.held[at])
			at++;
		if (at > from) {
			/* neighbouring losses may be told as one */
			json_t *g = json_array_get(gaps, gap++);

			assert_int_equal(json_integer_value(json_array_get(g, 0)), from);
			assert_int_equal(json_integer_value(json_array_get(g, 1)), at - from);
		} else {
			at++;
		}
	}
	assert_int_equal(json_array_size(gaps), gap);
}

static void check_range(json_t *channel, size_t i, const struct truth *t, uint32_t from,
			uint32_t to, bool depth)
{
	json_t *min = json_array_get(json_object_get(channel, "min"), i),
	       *max = json_array_get(json_object_get(channel, "max"), i);
	json_t *mean = json_array_get(json_object_get(channel, "mean"), i);
	uint32_t least = UINT32_MAX, most = 0, n = 0;
	double sum = 0;

	for (uint32_t k = from; k < to; k++) {
		uint32_t v = depth ? t->depth_um[k] : t->period_us[k];

		if (!t->held[k] || v == (depth ? PW_DEPTH_UNKNOWN : PW_PERIOD_UNKNOWN))
			continue;
		least = MIN(least, v);
		most = MAX(most, v);
		sum += v;
		n++;
	}
	if (n == 0) {
		assert_true(json_is_null(min) && json_is_null(mean) && json_is_null(max));
		return;
	}
	assert_int_equal(json_integer_value(min), least);
	assert_int_equal(json_integer_value(max), most);
	assert_true(json_number_value(mean) > sum / n - 0.051 &&
		    json_number_value(mean) < sum / n + 0.051);
}

static void check_points(struct world *w, json_t *answer, uint32_t points, uint32_t first,
			 uint32_t limit)
{
	uint32_t end = MIN((uint64_t)first + limit, w->t.cycles), n = MIN(points, end - first);
	json_t *index = json_object_get(answer, "index"), *count = json_object_get(answer, "count");
	json_t *t_us = json_object_get(answer, "t_us"),
	       *period = json_object_get(answer, "period_us");
	double known_us = 0, t = 0;
	uint32_t known = 0, k = 0;

	assert_int_equal(number(answer, "points"), n);
	assert_int_equal(number(answer, "cycles"), w->t.cycles);
	assert_int_equal(json_array_size(index), n);
	assert_int_equal(json_array_size(count), n);
	assert_int_equal(json_array_size(t_us), n);
	assert_int_equal(json_array_size(json_object_get(period, "mean")), n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = (uint32_t)json_integer_value(json_array_get(index, i));
		uint32_t to = i + 1 < n ? (uint32_t)json_integer_value(json_array_get(index, i + 1))
					: end,
			 held = 0;
		double at = -1;

		/* points follow each other and are of one size, give or take a cycle */
		assert_int_equal(i == 0 ? first : from, from);
		assert_in_range(to - from, (end - first) / n, (end - first) / n + 1);
		for (; k < to; k++) {
			if (k >= from && w->t.held[k]) {
				if (held++ == 0)
					at = t;
			}
			if (w->t.held[k] && w->t.period_us[k] != PW_PERIOD_UNKNOWN) {
				t += w->t.period_us[k];
				known_us += w->t.period_us[k];
				known++;
			} else if (known > 0) {
				t += known_us / known;
			}
		}
		assert_int_equal(json_integer_value(json_array_get(count, i)), held);
		if (held == 0)
			assert_true(json_is_null(json_array_get(t_us, i)));
		else
			assert_true(json_number_value(json_array_get(t_us, i)) > at - 2 &&
				    json_number_value(json_array_get(t_us, i)) < at + 2);
		check_range(period, i, &w->t, from, to, false);
		check_range(json_object_get(answer, "depth_um"), i, &w->t, from, to, true);
	}
}

/* Neighbouring pieces that are lost are one gap in the truth; the answer tells what lies between
 * two held pieces as one too. */
static void each_cycle(void **state)
{
	static const uint32_t windows[][2] = {{0, 10000}, {0, 1},      {1, 1},	    {511, 2},
					      {512, 512}, {2999, 100}, {3000, 100}, {9000, 5}};
	struct world *w = *state;

	for (uint32_t seed = 1; seed <= 6; seed++) {
		bool open = seed % 2 == 0;
		int64_t run = make_run(w, seed, 3000, seed < 3 ? 512 : 50, open, seed > 1);

		for (size_t i = 0; i < ELEMENTSOF(windows); i++) {
			uint32_t first = MIN(windows[i][0], w->t.cycles);
			json_t *answer = ask(w, run, 0, windows[i][0], windows[i][1]);

			check_each(w, answer, first, windows[i][1]);
			json_decref(answer);
		}
		/* page by page, all of it */
		for (uint32_t first = 0; first < 3000; first += 700) {
			json_t *answer = ask(w, run, 0, first, 700);

			check_each(w, answer, first, 700);
			json_decref(answer);
		}
		if (open)
			fixture_exec(&w->f, "DELETE FROM tail; DELETE FROM run WHERE state = 0");
	}
}

static void reduced_to_points(void **state)
{
	static const uint32_t cases[][3] = {
		{1, 0, 0},     {7, 0, 0},      {100, 0, 0},	{3000, 0, 0}, {5000, 0, 0},
		{10, 1000, 0}, {10, 1000, 25}, {10, 2995, 100}, {3, 2999, 1},
	};
	struct world *w = *state;

	for (uint32_t seed = 1; seed <= 4; seed++) {
		bool open = seed % 2 == 0;
		int64_t run = make_run(w, seed, 3000, seed < 3 ? 512 : 50, open, seed > 1);

		for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
			json_t *answer = ask(w, run, cases[i][0], cases[i][1], cases[i][2]);

			check_points(w, answer, cases[i][0], cases[i][1],
				     cases[i][2] ? cases[i][2] : 100000);
			json_decref(answer);
		}
		if (open)
			fixture_exec(&w->f, "DELETE FROM tail; DELETE FROM run WHERE state = 0");
	}
}

static void a_run_without_cycles(void **state)
{
	struct world *w = *state;
	int64_t run = make_run(w, 1, 0, 1, false, false);
	json_t *answer = ask(w, run, 0, 0, 0);

	check_each(w, answer, 0, 10);
	json_decref(answer);
	answer = ask(w, run, 5, 3, 0);
	assert_int_equal(number(answer, "points"), 0);
	assert_int_equal(number(answer, "first"), 0);
	json_decref(answer);
}

/* The end of a run may be lost, and all of it. */
static void what_is_lost_at_the_end(void **state)
{
	struct world *w = *state;
	uint32_t period[3] = {9000, 9001, 9002};
	int64_t run = fixture_run(&w->f, 1, FIXTURE_ENDED, 0, 3, 4);
	struct db_job *job;

	fixture_cycles(&w->f, false, run, 0, period, NULL, 3);
	job = job_new(run, 0, 0, 0);
	assert_int_equal(run_job(w, job), 0);
	assert_string_equal(
		job->out.data,
		"{\"run\":1,\"cycles\":7,\"first\":0,\"gaps\":[[3,4]],\"count\":7,\"period_us\":["
		"9000,9001,9002,"
		"null,null,null,null],\"depth_um\":[null,null,null,null,null,null,null]}");
	db_job_free(job);
	job = job_new(run, 2, 0, 0);
	assert_int_equal(run_job(w, job), 0);
	assert_string_equal(
		job->out.data,
		"{\"run\":1,\"cycles\":7,\"first\":0,\"gaps\":[[3,4]],\"points\":2,\"index\":[0,3],"
		"\"count\":[3,0],"
		"\"t_us\":[0,null],\"period_us\":{\"min\":[9000,null],\"mean\":[9001,null],\"max\":"
		"[9002,null]},"
		"\"depth_um\":{\"min\":[null,null],\"mean\":[null,null],\"max\":[null,null]}}");
	db_job_free(job);
	run = fixture_run(&w->f, 1, FIXTURE_CUT, 0, 0, 2);
	job = job_new(run, 0, 0, 0);
	assert_int_equal(run_job(w, job), 0);
	assert_non_null(
		strstr(job->out.data, "\"gaps\":[[0,2]],\"count\":2,\"period_us\":[null,null]"));
	db_job_free(job);
}

/* An open run's tail may begin inside what was stored before it. */
static void overlaps_count_once(void **state)
{
	uint32_t period[8] = {1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007};
	uint16_t depth[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct world *w = *state;
	int64_t run = fixture_run(&w->f, 1, FIXTURE_OPEN, 0, 8, 0);
	struct db_job *job;

	fixture_cycles(&w->f, true, run, 0, period, depth, 5);
	fixture_cycles(&w->f, true, run, 2, period + 2, depth + 2, 2);
	fixture_cycles(&w->f, true, run, 3, period + 3, depth + 3, 5);
	job = job_new(run, 0, 1, 0);
	assert_int_equal(run_job(w, job), 0);
	assert_string_equal(job->out.data, "{\"run\":1,\"cycles\":8,\"first\":1,\"gaps\":[],"
					   "\"count\":7,\"period_us\":[1001,1002,1003,1004,1005,"
					   "1006,1007],\"depth_um\":[2,3,4,5,6,7,8]}");
	db_job_free(job);
}

static void neighbours_are_left_out(void **state)
{
	uint32_t period[2] = {5000, 6000};
	struct world *w = *state;
	json_t *answer;

	for (int i = 0; i < 3; i++) {
		int64_t run = fixture_run(&w->f, 1, FIXTURE_ENDED, i, 1, 0);

		fixture_cycles(&w->f, false, run, 0, &period[i % 2], NULL, 1);
	}
	answer = ask(w, 2, 0, 0, 0);
	assert_int_equal(number(answer, "count"), 1);
	assert_int_equal(
		json_integer_value(json_array_get(json_object_get(answer, "period_us"), 0)), 6000);
	json_decref(answer);
}

static void what_cannot_be_answered(void **state)
{
	uint32_t period[600];
	struct world *w = *state;
	struct db_job *job = job_new(1, 0, 0, 0);
	int64_t run;

	assert_int_equal(run_job(w, job), -ENOENT);
	assert_string_equal(job->problem, "run 1: not found");
	db_job_free(job);

	for (size_t i = 0; i < ELEMENTSOF(period); i++)
		period[i] = 9000;
	run = fixture_run(&w->f, 1, FIXTURE_ENDED, 0, 600, 0);
	fixture_cycles(&w->f, false, run, 0, period, NULL, 512);
	fixture_cycles(&w->f, false, run, 512, period, NULL, 88);
	job = job_new(run, 0, 0, LIMIT_CYCLES_POINTS + 1);
	assert_int_equal(run_job(w, job), -EINVAL);
	assert_string_equal(job->problem, "limit: 100001 is out of range; allowed are integers "
					  "from 1 to 100000, or more with points");
	db_job_free(job);
	json_decref(ask(w, run, 10, 0, LIMIT_CYCLES_POINTS + 1));

	/* a flipped bit is told, with its place, and what lies before it can be had */
	fixture_exec(
		&w->f,
		"UPDATE block SET data = cast(substr(data, 1, length(data) - 1) || x'00' AS BLOB) "
		"WHERE first = 512");
	job = job_new(run, 0, 0, 0);
	assert_int_equal(run_job(w, job), -EUCLEAN);
	assert_string_equal(job->problem, "run 1: the block of cycles from 512 on is damaged (crc "
					  "mismatch); see stippled --check");
	db_job_free(job);
	json_decref(ask(w, run, 0, 0, 512));
	fixture_exec(&w->f, "UPDATE block SET first = -5 WHERE first = 512");
	job = job_new(run, 0, 0, 0);
	assert_int_equal(run_job(w, job), -EUCLEAN);
	db_job_free(job);
	fixture_exec(&w->f, "UPDATE block SET data = x'' WHERE first = -5");
	job = job_new(run, 0, 0, 0);
	assert_int_equal(run_job(w, job), -EUCLEAN);
	db_job_free(job);
}

/* What the .sql file declares is what the rest of the program counts on. */
static void bounds_agree(void **state)
{
	const struct db_query *q = db_query_find("run.cycles");

	(void)state;
	assert_string_equal(q->params[1].name, "points");
	assert_int_equal(q->params[1].max, LIMIT_CYCLES_POINTS);
	assert_string_equal(q->params[2].name, "first");
	assert_int_equal(q->params[2].max, CYCLES_INDEX_MASK);
	assert_true(LIMIT_RUN_CYCLES <= CYCLES_INDEX_MASK);
	assert_true(CYCLES_LIMIT_DEFAULT <= LIMIT_CYCLES_POINTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(reduced_to_points, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_without_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_lost_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(overlaps_count_once, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_answered, setup, teardown),
		cmocka_unit_test(bounds_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
