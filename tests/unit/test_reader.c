/* SPDX-License-Identifier: MIT */
/* The readers: jobs in, JSON out, from threads with handles of their own. */
#include <jansson.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "record_fixture.h"
#include "db/db_internal.h"

struct world {
	struct fixture f;
	struct db db;
	unsigned done; /* jobs that came back */
};

/* struct db as db_open() makes it, but without the writer, which is not part of this. */
static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	fixture_open(&w->f);
	w->db.path = w->f.path;
	pthread_mutex_init(&w->db.done_lock, NULL);
	w->db.done_msgs_end = &w->db.done_msgs;
	w->db.done_jobs_end = &w->db.done_jobs;
	w->db.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(readers_start(&w->db), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	readers_stop(&w->db);
	readers_stop(&w->db); /* NULL-safe */
	assert_null(w->db.readers);
	db_dispatch(&w->db);
	close(w->db.event_fd);
	pthread_mutex_destroy(&w->db.done_lock);
	fixture_close(&w->f);
	free(w);
	return 0;
}

static void on_done(struct db_job *job, void *ctx)
{
	struct world *w = ctx;

	assert_ptr_equal(job->ctx, w);
	w->done++;
}

static struct db_job *job_new(struct world *w, const struct db_query *query)
{
	struct db_job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	assert_non_null(query);
	job->query = query;
	job->done = on_done;
	job->ctx = w;
	return job;
}

static void set(struct db_job *job, const char *name, const char *value)
{
	char problem[256] = "";

	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, name)) {
			if (db_query_set(job, i, value, strlen(value), problem) < 0)
				fail_msg("%s", problem);
			return;
		}
	fail_msg("%s has no %s", job->query->method, name);
}

static void wait_for(struct world *w, unsigned done)
{
	struct pollfd p = {.fd = w->db.event_fd, .events = POLLIN};

	while (w->done < done) {
		assert_true(poll(&p, 1, -1) == 1 || errno == EINTR);
		db_dispatch(&w->db);
	}
}

/* Runs a job to its end; on success its answer as JSON. */
static json_t *run(struct world *w, struct db_job *job)
{
	char problem[256] = "";
	json_t *answer;

	assert_int_equal(db_query_bind(job, problem), 0);
	assert_int_equal(db_read(&w->db, job), 0);
	wait_for(w, w->done + 1);
	if (job->result != 0) {
		assert_int_equal(job->out.len, 0);
		return NULL;
	}
	answer = json_loadb(job->out.data, job->out.len, 0, NULL);
	if (!answer)
		fail_msg("%s", job->out.data);
	return answer;
}

/* "name=value" pairs as parameters; the answer, which must be one. */
static json_t *ask(struct world *w, const char *method, ...)
{
	struct db_job *job = job_new(w, db_query_find(method));
	const char *name;
	json_t *answer;
	va_list ap;

	va_start(ap, method);
	while ((name = va_arg(ap, const char *)))
		set(job, name, va_arg(ap, const char *));
	va_end(ap);
	answer = run(w, job);
	if (!answer)
		fail_msg("%s: %d %s", method, job->result, job->problem);
	db_job_free(job);
	return answer;
}

static void refused(struct world *w, const char *method, const char *name, const char *value,
		    int error, const char *problem)
{
	struct db_job *job = job_new(w, db_query_find(method));
	json_t *answer;

	set(job, name, value);
	answer = run(w, job);
	assert_null(answer);
	assert_int_equal(job->result, error);
	assert_string_equal(job->problem, problem);
	db_job_free(job);
}

static size_t row_count(json_t *answer)
{
	return json_array_size(json_object_get(answer, "rows"));
}

/* The ids of a list's rows as text, "7 6 5 "; the answer is freed. */
static const char *ids_of(json_t *answer, char out[512])
{
	json_t *row;
	size_t i;

	out[0] = '\0';
	json_array_foreach(json_object_get(answer, "rows"), i, row)
		snprintf(out + strlen(out), 512 - strlen(out), "%lld ",
			 (long long)json_integer_value(json_object_get(row, "id")));
	json_decref(answer);
	return out;
}

static void runs_are_rendered_as_declared(void **state)
{
	struct world *w = *state;
	json_t *answer, *row;
	char *text;

	fixture_run(&w->f, 2, FIXTURE_ENDED, 100, 700, 0);
	fixture_run(&w->f, 2, FIXTURE_OPEN, 200, 5, 3);
	fixture_exec(&w->f, "UPDATE run SET freq_count = 0, depth_count = NULL, on_time_us = NULL, "
			    "gaps = '[[1,3]]' WHERE id = 2");
	answer = ask(w, "run.list", NULL);
	assert_int_equal(row_count(answer), 2);
	assert_true(json_is_null(json_object_get(answer, "next")));
	row = json_array_get(json_object_get(answer, "rows"), 1);
	text = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(6));
	assert_string_equal(
		text,
		"{\"id\":1,\"pen\":\"INVENTED-2\",\"run\":1,\"boot\":1,\"state\":\"ended\","
		"\"start\":\"2026-05-28T20:28:20.000000Z\","
		"\"end\":\"2026-05-28T20:28:22.000000Z\",\"earliest\":\"2026-05-28T20:28:19."
		"999000Z\","
		"\"latest\":\"2026-05-28T20:28:22.001000Z\",\"quality\":\"synced\",\"day\":"
		"20260528,\"cycles\":700,"
		"\"lost_cycles\":0,\"on_time_s\":2,\"freq_mean_hz\":100,\"freq_sd_hz\":1,\"depth_"
		"mean_um\":500,"
		"\"depth_sd_um\":10,\"depth_min_um\":490,\"depth_max_um\":510,\"complete\":true,"
		"\"completeness\":\"complete\",\"session\":null,\"client\":null,\"attribution\":"
		"\"none\","
		"\"dismissed\":null}");
	free(text);
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "state")), "open");
	assert_true(json_is_null(json_object_get(row, "end")));
	assert_true(json_is_null(json_object_get(row, "freq_mean_hz")));
	assert_true(json_is_null(json_object_get(row, "freq_sd_hz")));
	assert_true(json_is_null(json_object_get(row, "depth_min_um")));
	assert_true(json_is_null(json_object_get(row, "on_time_s")));
	assert_true(json_is_false(json_object_get(row, "complete")));
	json_decref(answer);
}

static void one_run_has_histograms(void **state)
{
	struct world *w = *state;
	uint8_t hist[SUMMARY_ENCODED_MAX];
	uint32_t period[] = {10000, 10000, 9000, PW_PERIOD_UNKNOWN};
	uint16_t depth[] = {500, 524, 525, PW_DEPTH_UNKNOWN};
	struct summary s;
	sqlite3_stmt *stmt;
	json_t *answer;
	char *text;

	fixture_run(&w->f, 1, FIXTURE_ENDED, 0, 4, 0);
	answer = ask(w, "run.get", "run", "1", NULL);
	assert_true(json_is_null(json_object_get(answer, "freq_hist")));
	json_decref(answer);
	summary_init(&s);
	summary_add(&s, period, depth, 4);
	assert_int_equal(sqlite3_prepare_v2(w->f.handle,
					    "UPDATE run SET hist = ?1, gaps = '[[5,2]]'", -1, &stmt,
					    NULL),
			 SQLITE_OK);
	sqlite3_bind_blob(stmt, 1, hist, (int)summary_hist_encode(&s, hist), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	answer = ask(w, "run.get", "run", "1", NULL);
	text = json_dumps(answer, JSON_COMPACT);
	assert_non_null(strstr(text, "\"freq_hist\":[[100,2],[111,1]],\"depth_hist\":[[500,2],[525,"
				     "1]],\"measurements\":[],\"gaps\":[[5,2]],"
				     "\"digest\":\"d1\",\"entry\":3,\"session\":null,"));
	assert_non_null(strstr(text, "\"log_id\":\"0000000000000001\""));
	assert_non_null(strstr(text, "\"end_reason\":\"off\""));
	free(text);
	json_decref(answer);
	refused(w, "run.get", "run", "2", -ENOENT, "run 2: not found");
}

static void lists_page_to_their_end(void **state)
{
	struct world *w = *state;
	char seen[512] = "", next[80] = "";
	unsigned pages = 0;

	/* two at each time, so that a page may end between them */
	for (int i = 0; i < 25; i++)
		fixture_run(&w->f, 1 + i % 2, FIXTURE_ENDED, i / 2 * 60, 1, 0);
	do {
		json_t *answer = next[0] ? ask(w, "run.list", "limit", "4", "after", next, NULL)
					 : ask(w, "run.list", "limit", "4", NULL);
		const char *cursor = json_string_value(json_object_get(answer, "next"));
		char ids[512];

		snprintf(next, sizeof(next), "%s", cursor ? cursor : "");
		strncat(seen, ids_of(answer, ids), sizeof(seen) - strlen(seen) - 1);
		pages++;
	} while (next[0]);
	assert_string_equal(seen,
			    "25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 ");
	assert_int_equal(pages, 7);
}

static void filters_choose(void **state)
{
	struct world *w = *state;
	char ids[512];

	for (int i = 0; i < 9; i++)
		fixture_run(&w->f, 1 + i % 2,
			    i == 3 || i == 4 ? FIXTURE_CUT
			    : i == 8	     ? FIXTURE_OPEN
					     : FIXTURE_ENDED,
			    i * 60, 1, 0);
	assert_string_equal(ids_of(ask(w, "run.list", "pen", "INVENTED-2", NULL), ids), "8 6 4 2 ");
	assert_string_equal(ids_of(ask(w, "run.list", "pen", "NOBODYS", NULL), ids), "");
	assert_string_equal(ids_of(ask(w, "run.list", "state", "cut", NULL), ids), "5 4 ");
	assert_string_equal(ids_of(ask(w, "run.list", "state", "open", NULL), ids), "9 ");
	assert_string_equal(
		ids_of(ask(w, "run.list", "state", "ended", "pen", "INVENTED-1", NULL), ids),
		"7 3 1 ");
	assert_string_equal(
		ids_of(ask(w, "run.list", "state", "cut", "pen", "INVENTED-2", "limit", "1", NULL),
		       ids),
		"4 ");
	/* since is in, until is out */
	assert_string_equal(ids_of(ask(w, "run.list", "since", "2026-05-28T20:27:40Z", "until",
				       "2026-05-28T20:29:40Z", NULL),
				   ids),
			    "3 2 ");
	assert_string_equal(ids_of(ask(w, "run.list", "since", "2026-05-28T20:27:40.000001Z", "pen",
				       "INVENTED-2", "state", "ended", "until",
				       "2026-05-28T22:27:40+01:00", NULL),
				   ids),
			    "8 6 ");
}

static void bad_cursors_are_refused(void **state)
{
	static const char *const bad[] = {"1",	  "1.",	  ".1",	 "1.2.3",
					  "1.2 ", " 1.2", "a.b", "1.99999999999999999999",
					  "-.1",  "",	  "1,2"};
	static const char problem[] =
		"after: not a cursor of this list; allowed is `next` of an earlier answer";
	char ids[512];

	fixture_run(&((struct world *)*state)->f, 1, FIXTURE_ENDED, 0, 1, 0);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		refused(*state, "run.list", "after", bad[i], -EINVAL, problem);
	refused(*state, "entry.list", "after", "1.2", -EINVAL, problem);
	/* and one that only looks strange is a place like any other */
	assert_string_equal(
		ids_of(ask(*state, "run.list", "after", "9223372036854775807.-1", NULL), ids),
		"1 ");
	assert_string_equal(
		ids_of(ask(*state, "run.list", "after", "-9223372036854775808.5", NULL), ids), "");
}

static void entries_go_both_ways(void **state)
{
	struct world *w = *state;
	json_t *answer, *row;

	for (int i = 0; i < 5; i++)
		fixture_run(&w->f, 1, FIXTURE_ENDED, i, 1, 0);
	answer = ask(w, "entry.list", "after", "3", "limit", "2", NULL);
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "entry")), 4);
	assert_string_equal(json_string_value(json_object_get(row, "pen")), "INVENTED-1");
	assert_string_equal(json_string_value(json_object_get(row, "action")), "run.add");
	assert_true(json_is_object(json_object_get(row, "payload")));
	assert_int_equal(strlen(json_string_value(json_object_get(row, "hash"))), 64);
	assert_string_equal(json_string_value(json_object_get(answer, "next")), "5");
	json_decref(answer);
	answer = ask(w, "entry.list", "order", "newest", "limit", "3", NULL);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(answer, "rows"), 0), "entry")),
			 7);
	assert_string_equal(json_string_value(json_object_get(answer, "next")), "5");
	json_decref(answer);
	answer = ask(w, "entry.list", "order", "newest", "after", "2", NULL);
	assert_int_equal(row_count(answer), 1);
	json_decref(answer);
}

static void events_losses_findings(void **state)
{
	struct world *w = *state;
	json_t *answer;
	char *text, ids[512];

	for (int i = 3; i <= 8; i++) {
		fixture_exec(
			&w->f,
			"INSERT INTO entry VALUES (%d, 0, 'pen:INVENTED-1', 'event.add', NULL, "
			"'{\"data\":{\"button\":%d},\"detail\":{\"n\":%d}}', zeroblob(32))",
			i, i, i);
		fixture_exec(&w->f,
			     "INSERT INTO event VALUES (%d, %d, %d, %d, 1, 77, '%s', '{}', %lld, "
			     "%lld, %lld, 1)",
			     i, 1 + i % 2, 1 + i % 2, i, i < 6 ? "button" : "boot",
			     (long long)FIXTURE_EPOCH_US + i, (long long)FIXTURE_EPOCH_US,
			     (long long)FIXTURE_EPOCH_US + 9);
		fixture_exec(&w->f, "INSERT INTO loss VALUES (%d, %d, %d, 10, 15, NULL, %lld)", i,
			     1 + i % 2, 1 + i % 2, (long long)FIXTURE_EPOCH_US);
		fixture_exec(&w->f, "INSERT INTO finding VALUES (%d, %s, 'clock.jump', %lld, '{}')",
			     i, i == 3 ? "NULL" : "1", (long long)FIXTURE_EPOCH_US);
	}
	assert_string_equal(ids_of(ask(w, "event.list", NULL), ids), "8 7 6 5 4 3 ");
	assert_string_equal(
		ids_of(ask(w, "event.list", "kind", "button", "pen", "INVENTED-2", NULL), ids),
		"5 3 ");
	assert_string_equal(ids_of(ask(w, "event.list", "kind", "boot", "until",
				       "2026-05-28T20:26:40.000008Z", NULL),
				   ids),
			    "7 6 ");
	answer = ask(w, "event.list", "limit", "1", NULL);
	text = json_dumps(answer, JSON_COMPACT);
	assert_string_equal(
		text,
		"{\"rows\":[{\"id\":8,\"pen\":\"INVENTED-1\",\"kind\":\"boot\",\"at\":\"2026-05-"
		"28T20:26:40.000008Z\","
		"\"earliest\":\"2026-05-28T20:26:40.000000Z\",\"latest\":\"2026-05-28T20:26:40."
		"000009Z\","
		"\"quality\":\"rtc\",\"boot\":1,\"tick_us\":77,\"seq\":8,\"data\":{\"button\":8}}],"
		"\"next\":\"1780000000000008.8\"}");
	free(text);
	json_decref(answer);
	assert_string_equal(
		ids_of(ask(w, "loss.list", "pen", "INVENTED-1", "after", "8", NULL), ids), "6 4 ");
	answer = ask(w, "loss.list", "limit", "1", NULL);
	text = json_dumps(json_array_get(json_object_get(answer, "rows"), 0), JSON_COMPACT);
	assert_string_equal(
		text,
		"{\"id\":8,\"pen\":\"INVENTED-1\",\"log_id\":\"0000000000000001\",\"first_seq\":10,"
		"\"last_seq\":14,"
		"\"records\":5,\"earliest\":null,\"latest\":\"2026-05-28T20:26:40.000000Z\"}");
	free(text);
	json_decref(answer);
	assert_string_equal(
		ids_of(ask(w, "finding.list", "pen", "INVENTED-1", "limit", "2", NULL), ids),
		"8 7 ");
	answer = ask(w, "finding.list", "after", "4", NULL);
	text = json_dumps(answer, JSON_COMPACT);
	assert_string_equal(text, "{\"rows\":[{\"id\":3,\"pen\":null,\"kind\":\"clock.jump\","
				  "\"at\":\"2026-05-28T20:26:40.000000Z\","
				  "\"detail\":{\"n\":3}}],\"next\":null}");
	free(text);
	json_decref(answer);
}

/* ---- what goes wrong ---- */

static const struct db_column one_column[] = {{"v", COLUMN_TEXT, 0, "A value."}};

static struct db_query made_up(const char *sql)
{
	return (struct db_query){.method = "test.made-up",
				 .shape = SHAPE_LIST,
				 .columns = one_column,
				 .n_columns = 1,
				 .sql = sql};
}

static void deadlines_are_kept(void **state)
{
	struct db_query q = made_up("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM "
				    "n) SELECT max(i) FROM n");
	struct world *w = *state;
	struct db_job *job = NULL;
	bool began = false;

	/* On a busy machine a short one may be over before a reader has begun. */
	for (int64_t us = 20 * USEC_PER_MSEC; !began; us *= 2) {
		db_job_free(job);
		job = job_new(w, &q);
		job->deadline_us = now_boot_us() + us;
		assert_null(run(w, job));
		assert_int_equal(job->result, -ETIME);
		began = !strstr(job->problem, "busy with other queries");
		assert_true(began || us < 60 * USEC_PER_SEC);
	}
	assert_string_equal(job->problem, "took too long; ask for less at a time");
	db_job_free(job);
	job = job_new(w, &q);
	job->deadline_us = 1; /* it waited for too long already */
	assert_null(run(w, job));
	assert_int_equal(job->result, -ETIME);
	db_job_free(job);
}

static void answers_are_bounded(void **state)
{
	struct db_query rows = made_up("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 "
				       "FROM n LIMIT 10001) SELECT i FROM n");
	struct db_query most = made_up("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 "
				       "FROM n LIMIT 10000) SELECT i FROM n");
	struct db_query bytes =
		made_up("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 20) "
			"SELECT printf('%.*c', 1000000, 'x') FROM n");
	struct world *w = *state;
	struct db_job *job = job_new(w, &rows);
	json_t *answer;

	assert_null(run(w, job));
	assert_int_equal(job->result, -E2BIG);
	assert_non_null(strstr(job->problem, "over 10000 rows"));
	db_job_free(job);
	job = job_new(w, &bytes);
	assert_null(run(w, job));
	assert_int_equal(job->result, -E2BIG);
	db_job_free(job);
	job = job_new(w, &most);
	answer = run(w, job);
	assert_int_equal(row_count(answer), 10000);
	json_decref(answer);
	db_job_free(job);
}

/* A statement that fails costs its reader the handle; the next job gets a new one. */
static void failures_do_not_last(void **state)
{
	struct db_query bad = made_up("SELECT colour FROM nowhere");
	struct world *w = *state;
	char ids[512];

	fixture_run(&w->f, 1, FIXTURE_ENDED, 0, 1, 0);
	for (int i = 0; i < 2 * LIMIT_READERS + 1; i++) {
		struct db_job *job = job_new(w, &bad);

		assert_null(run(w, job));
		assert_int_equal(job->result, -EIO);
		assert_string_equal(job->problem, "no such table: nowhere");
		db_job_free(job);
	}
	for (int i = 0; i < 2 * LIMIT_READERS + 1; i++)
		assert_string_equal(ids_of(ask(w, "run.list", NULL), ids), "1 ");
}

/* Statements prepared before the schema changed go on, and see the new rows. */
static void schema_changes_are_survived(void **state)
{
	struct world *w = *state;
	char ids[512];

	fixture_run(&w->f, 1, FIXTURE_ENDED, 0, 1, 0);
	for (int i = 0; i < 2 * LIMIT_READERS; i++)
		assert_string_equal(ids_of(ask(w, "run.list", NULL), ids), "1 ");
	fixture_exec(&w->f, "ALTER TABLE run ADD COLUMN note TEXT; CREATE TABLE later (a); DROP "
			    "INDEX run_start; "
			    "CREATE INDEX run_start ON run (start_us)");
	fixture_run(&w->f, 1, FIXTURE_ENDED, 1, 1, 0);
	for (int i = 0; i < 2 * LIMIT_READERS; i++)
		assert_string_equal(ids_of(ask(w, "run.list", NULL), ids), "2 1 ");
}

static void queue_is_bounded_and_stops(void **state)
{
	struct db_query q = made_up("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM "
				    "n) SELECT max(i) FROM n");
	enum { MOST = LIMIT_QUERIES_QUEUED + LIMIT_READERS };
	struct db_job *job[MOST + 1];
	struct world *w = *state;
	unsigned accepted = 0;

	/* Each reader may have taken one from the queue by now, or not yet. */
	for (unsigned i = 0; i < MOST + 1; i++) {
		job[i] = job_new(w, &q);
		job[i]->deadline_us = INT64_MAX;
		if (db_read(&w->db, job[i]) == 0)
			accepted++;
		else
			job[i] = db_job_free(job[i]);
	}
	assert_in_range(accepted, LIMIT_QUERIES_QUEUED, MOST);
	readers_stop(&w->db); /* interrupts those at work, and gives all of them back */
	wait_for(w, accepted);
	assert_int_equal(w->done, accepted);
	for (unsigned i = 0; i < MOST + 1; i++)
		if (job[i]) {
			assert_int_equal(job[i]->result, -ECANCELED);
			db_job_free(job[i]);
		}
}

/* Many jobs at once while the record grows: each answer is a whole snapshot. */
static void reads_go_on_beside_writes(void **state)
{
	enum { ROUNDS = 40, AT_ONCE = 8 };
	struct world *w = *state;
	size_t least = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct db_job *job[AT_ONCE];

		for (int i = 0; i < AT_ONCE; i++) {
			job[i] = job_new(w, db_query_find("run.list"));
			set(job[i], "limit", "1000");
			assert_int_equal(db_read(&w->db, job[i]), 0);
		}
		/* pairs in one transaction: nobody may see one without the other */
		fixture_exec(&w->f, "BEGIN IMMEDIATE");
		fixture_run(&w->f, 1, FIXTURE_ENDED, round, 1, 0);
		fixture_run(&w->f, 2, FIXTURE_ENDED, round, 1, 0);
		fixture_exec(&w->f, "COMMIT");
		wait_for(w, (unsigned)(round + 1) * AT_ONCE);
		for (int i = 0; i < AT_ONCE; i++) {
			json_t *answer = json_loadb(job[i]->out.data, job[i]->out.len, 0, NULL);
			size_t n = row_count(answer);

			assert_int_equal(job[i]->result, 0);
			assert_int_equal(n % 2, 0);
			assert_in_range(n, least, 2 * (size_t)round + 2);
			json_decref(answer);
			db_job_free(job[i]);
		}
		least = 2 * (size_t)round + 2;
	}
}

static void a_missing_file_is_said(void **state)
{
	struct db db = {.path = (char *)"/nonexistent/record.db"};

	(void)state;
	assert_int_equal(readers_start(&db), -ENOENT);
	assert_null(db.readers);
	readers_stop(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_are_rendered_as_declared, setup, teardown),
		cmocka_unit_test_setup_teardown(one_run_has_histograms, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_page_to_their_end, setup, teardown),
		cmocka_unit_test_setup_teardown(filters_choose, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_cursors_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(entries_go_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(events_losses_findings, setup, teardown),
		cmocka_unit_test_setup_teardown(deadlines_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_do_not_last, setup, teardown),
		cmocka_unit_test_setup_teardown(schema_changes_are_survived, setup, teardown),
		cmocka_unit_test_setup_teardown(queue_is_bounded_and_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_go_on_beside_writes, setup, teardown),
		cmocka_unit_test(a_missing_file_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
