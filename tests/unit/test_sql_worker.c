/* SPDX-License-Identifier: MIT */
/* sql.query's worker, as the daemon runs it: a process, a line in, a line out. */
#include <jansson.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "record_fixture.h"
#include "db/db_internal.h"
#include "db/sql_guard.h"
#include "db/sql_worker.h"

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	for (int i = 0; i < 20; i++)
		fixture_run(&f, 1 + i % 2, i % 5 == 4 ? FIXTURE_CUT : FIXTURE_ENDED, 60 * i,
			    100 + i, 0);
	fixture_exec(
		&f,
		"INSERT INTO personal VALUES (1, 'reason', zeroblob(32), 'an invented secret')");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

/* Runs a worker over @path with @line as its input; *ret_answer is what it wrote, NULL if that is
 * no JSON. Returns its wait status. */
static int work(const char *path, const char *line, size_t len, json_t **ret_answer)
{
	char *argv[] = {(char *)"stippled", (char *)"--sql-worker", (char *)path, NULL};
	struct buf out = BUF_INIT(0);
	int ends[2], status;
	char chunk[65536];
	ssize_t n;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(sql_worker_main(3, argv));
	}
	close(ends[1]);
	for (size_t sent = 0; sent < len; sent += (size_t)n) {
		n = send(ends[0], line + sent, len - sent, MSG_NOSIGNAL);
		if (n < 0)
			break; /* it has heard enough */
	}
	shutdown(ends[0], SHUT_WR);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_add(&out, chunk, (size_t)n);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_answer = NULL;
	if (out.len > 0) {
		/* exactly one line, and it is JSON */
		assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
		*ret_answer = json_loadb(out.data, out.len, 0, NULL);
		assert_non_null(*ret_answer);
	}
	buf_done(&out);
	return status;
}

static json_t *ask(struct fixture *f, const char *sql, int limit)
{
	json_t *request = json_pack("{s:s,s:i}", "sql", sql, "limit", limit), *answer;
	char *line = json_dumps(request, JSON_COMPACT);
	int status;

	status = work(f->path, line, strlen(line), &answer);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: status %x", sql, (unsigned)status);
	free(line);
	json_decref(request);
	return answer;
}

/* The answer's result must be what @expected says, as JSON. */
static void expect(struct fixture *f, const char *sql, const char *expected)
{
	json_t *answer = ask(f, sql, 1000);
	char *got = json_dumps(json_object_get(answer, "result"), JSON_COMPACT);

	if (!got)
		got = json_dumps(answer, JSON_COMPACT);
	if (!streq(got, expected))
		fail_msg("%s\n got      %s\n expected %s", sql, got, expected);
	free(got);
	json_decref(answer);
}

static const char *one_value(struct fixture *f, const char *sql, char out[256])
{
	json_t *answer = ask(f, sql, 10);
	json_t *value = json_array_get(
		json_array_get(json_object_get(json_object_get(answer, "result"), "rows"), 0), 0);
	char *text;

	if (!value)
		fail_msg("%s: %s", sql, json_dumps(answer, 0));
	text = json_dumps(value, JSON_ENCODE_ANY);
	snprintf(out, 256, "%s", text);
	free(text);
	json_decref(answer);
	return out;
}

static void expect_error(struct fixture *f, const char *sql, int code, const char *part)
{
	json_t *answer = ask(f, sql, 1000), *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	if (!message || json_integer_value(json_object_get(error, "code")) != code ||
	    !strstr(message, part)) {
		char *text = json_dumps(answer, JSON_COMPACT);

		fail_msg("%s\n got      %s\n expected %d ... %s ...", sql, text, code, part);
	}
	if (code == -32602)
		assert_string_equal(json_string_value(json_object_get(
					    json_object_get(error, "data"), "parameter")),
				    "sql");
	json_decref(answer);
}

static void answers_are_json(void **state)
{
	struct fixture *f = *state;

	expect(f, "SELECT 1 AS a, -2, 0.5, 'x\"y', x'00ff', NULL, 9007199254740993, 1e999 AS inf",
	       "{\"columns\":[\"a\",\"-2\",\"0.5\",\"'x\\\"y'\",\"x'00ff'\",\"NULL\","
	       "\"9007199254740993\",\"inf\"],"
	       "\"rows\":[[1,-2,0.5,\"x\\\"y\",\"00ff\",null,\"9007199254740993\",null]],"
	       "\"truncated\":false}");
	expect(f, "SELECT id FROM runs WHERE id > 100",
	       "{\"columns\":[\"id\"],\"rows\":[],\"truncated\":false}");
	expect(f, "SELECT pen, count(*) AS n FROM runs GROUP BY pen;  -- done\n ; ",
	       "{\"columns\":[\"pen\",\"n\"],\"rows\":[[\"INVENTED-1\",10],[\"INVENTED-2\",10]],"
	       "\"truncated\":false}");
	expect(f, "SELECT cast(x'ff41' AS TEXT) AS t",
	       "{\"columns\":[\"t\"],\"rows\":[[\"\xef\xbf\xbd"
	       "A\"]],\"truncated\":false}");
}

static void analysis_works(void **state)
{
	struct fixture *f = *state;
	char v[256];

	/* names of tables and views may be common table expressions, as long as nothing else is
	 * read through them */
	expect(f,
	       "WITH run AS (SELECT 1 AS id), x AS (SELECT id FROM runs WHERE id < 3) SELECT "
	       "count(*) AS n FROM x",
	       "{\"columns\":[\"n\"],\"rows\":[[2]],\"truncated\":false}");
	expect(f,
	       "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 4) "
	       "SELECT sum(i) AS s FROM n",
	       "{\"columns\":[\"s\"],\"rows\":[[10]],\"truncated\":false}");
	expect(f, "SELECT value FROM json_each('[5,6]')",
	       "{\"columns\":[\"value\"],\"rows\":[[5],[6]],\"truncated\":false}");
	assert_string_equal(one_value(f, "SELECT count(*) FROM runs", v), "20");
	assert_string_equal(one_value(f, "SELECT rank() OVER (ORDER BY id) FROM runs", v), "1");
	assert_string_equal(one_value(f, "SELECT freq_mean_hz FROM runs", v), "100");
	assert_string_equal(one_value(f, "SELECT median(cycles) FROM runs", v), "109.5");
	assert_string_equal(one_value(f, "SELECT percentile(cycles, 100) FROM runs", v), "119");
	assert_string_equal(one_value(f, "SELECT percentile(cycles, 0) FROM runs", v), "100");
	assert_string_equal(
		one_value(f, "SELECT percentile(column1, 25) FROM (VALUES (1), (2), (NULL), (3))",
			  v),
		"1.5");
	assert_string_equal(one_value(f, "SELECT median(v) FROM (SELECT NULL AS v)", v), "null");
	assert_string_equal(one_value(f, "SELECT cast(1e6 * stddev(cycles) AS INT) FROM runs", v),
			    "5916079");
	assert_string_equal(
		one_value(f, "SELECT cast(1e6 * stddev_pop(cycles) AS INT) FROM runs", v),
		"5766281");
	assert_string_equal(one_value(f, "SELECT stddev(1)", v), "null");
	assert_string_equal(one_value(f, "SELECT stddev_pop(start_us) < 1e9 FROM runs", v), "1");
	expect_error(f, "SELECT percentile(cycles, 101) FROM runs", -32602, "0 to 100");
	expect_error(f, "SELECT percentile(cycles, id) FROM runs", -32602, "same for all rows");
	expect_error(f, "SELECT median(pen) FROM runs", -32602, "numbers");
}

static void every_view_is_there(void **state)
{
	static const char *const views[] = {"clocks", "entries", "events", "findings",
					    "losses", "marks",	 "pens",   "runs"};
	char sql[64], v[256];

	for (size_t i = 0; i < ELEMENTSOF(views); i++) {
		json_t *answer;

		snprintf(sql, sizeof(sql), "SELECT * FROM %s", views[i]);
		answer = ask(*state, sql, 1);
		if (json_array_size(json_object_get(json_object_get(answer, "result"), "columns")) <
		    5)
			fail_msg("%s: %s", sql, json_dumps(answer, 0));
		json_decref(answer);
		snprintf(sql, sizeof(sql), "SELECT count(*) >= 0 FROM %s", views[i]);
		assert_string_equal(one_value(*state, sql, v), "1");
	}
}

static void nothing_else_is_read(void **state)
{
	static const char *const tables[] = {
		"SELECT * FROM personal",
		"SELECT count(*) FROM request",
		"SELECT count(*) FROM setting",
		"SELECT 1 FROM request",
		"SELECT value FROM main.personal",
		"SELECT (SELECT value FROM personal) FROM runs",
		"SELECT * FROM runs WHERE EXISTS (SELECT 1 FROM personal WHERE value LIKE 'a%')",
		"SELECT * FROM runs UNION ALL SELECT * FROM run",
		"SELECT * FROM runs JOIN request",
		"SELECT * FROM run",
		"SELECT data FROM block",
		"SELECT * FROM setting",
		"SELECT * FROM sqlite_schema",
		"SELECT * FROM sqlite_master",
		"SELECT sql FROM sqlite_temp_master",
		"SELECT * FROM dbstat",
		"SELECT count(*) FROM dbstat",
		"SELECT * FROM sqlite_stmt",
		/* SQLite tells the authoriser the name of a common table expression where it tells
		   that of a view */
		"WITH runs AS (SELECT value FROM personal) SELECT * FROM runs",
		"WITH entries AS (SELECT * FROM personal) SELECT * FROM entries",
		"WITH runs AS MATERIALIZED (SELECT hist FROM run) SELECT hist FROM runs",
		"WITH marks(x) AS (SELECT count(*) FROM request) SELECT x FROM marks",
		/* what hides a value is not in any view */
		"WITH clients AS (SELECT salt FROM personal) SELECT * FROM clients",
		"WITH clients AS (SELECT answer FROM request) SELECT * FROM clients",
		"WITH pens AS (SELECT * FROM (SELECT * FROM personal) AS pens) SELECT * FROM pens",
	};

	for (size_t i = 0; i < ELEMENTSOF(tables); i++)
		expect_error(*state, tables[i], -32602, "the views aftercares, assignments, ");
	expect_error(*state, "SELECT * FROM nowhere", -32602,
		     "no such table: nowhere; there are the views aftercares, assignments, ");
	expect_error(*state, "SELECT * FROM temp.runs", -32602, "no such table");
	expect_error(*state, "SELECT * FROM other.personal", -32602, "no such table");
	expect_error(*state, "SELECT colour FROM runs", -32602, "no such column: colour");
	expect_error(*state, "SELECT \"colour\" FROM runs", -32602, "no such column: colour");
}

static void nothing_is_done(void **state)
{
	static const char *const statements[] = {
		"INSERT INTO personal VALUES (2, 'x', zeroblob(32), 'x')",
		"UPDATE run SET state = 1",
		"DELETE FROM entry",
		"CREATE TABLE x (a)",
		"CREATE TEMP TABLE x (a)",
		"CREATE TEMP VIEW runs AS SELECT * FROM personal",
		"DROP VIEW runs",
		"ATTACH '/tmp/x' AS x",
		"ATTACH ':memory:' AS x",
		"DETACH main",
		"PRAGMA query_only = 0",
		"PRAGMA table_info(run)",
		"SELECT * FROM pragma_table_info('run')",
		"SELECT * FROM pragma_database_list",
		"VACUUM",
		"VACUUM INTO '/tmp/x'",
		"BEGIN",
		"SAVEPOINT x",
		"REINDEX",
		"ANALYZE",
		"EXPLAIN SELECT 1",
		"EXPLAIN QUERY PLAN SELECT 1",
		"WITH x AS (SELECT 1) DELETE FROM entry",
	};

	for (size_t i = 0; i < ELEMENTSOF(statements); i++) {
		json_t *answer = ask(*state, statements[i], 10);

		if (json_integer_value(json_object_get(json_object_get(answer, "error"), "code")) !=
		    -32602)
			fail_msg("%s: %s", statements[i], json_dumps(answer, 0));
		json_decref(answer);
	}
	expect_error(*state, "DELETE FROM runs", -32602, "");
	expect_error(*state, "PRAGMA user_version", -32602,
		     "only one SELECT over the views aftercares, assignments, ");
	expect_error(*state, "SELECT 1; SELECT 2", -32602, "only one statement");
	expect_error(*state, "SELECT 1; DROP TABLE run", -32602, "only one statement");
	expect_error(*state, "SELECT 1; nonsense", -32602, "only one statement");
	expect_error(*state, "-- nothing", -32602, "there is no statement");
	expect_error(*state, "", -32602, "there is no statement");
	expect_error(*state, "SELECT ?1", -32602, "no values to bind");
	expect_error(*state, "SELECT load_extension('/tmp/x')", -32602, "load_extension");
	expect_error(*state, "SELECT zeroblob(1000)", -32602,
		     "the function zeroblob is not allowed");
	expect_error(*state, "SELECT fts3_tokenizer('simple')", -32602, "fts3_tokenizer");
	expect_error(*state, "SELECT cursor_part('1', 0, 1)", -32602,
		     "the function cursor_part is not allowed");
}

static void errors_point_at_their_cause(void **state)
{
	json_t *answer = ask(*state, "SELECT id,\n  '\xc3\xa4' || colour\nFROM runs", 10);
	json_t *data = json_object_get(json_object_get(answer, "error"), "data");

	assert_int_equal(json_integer_value(json_object_get(data, "offset")), 21);
	assert_int_equal(json_integer_value(json_object_get(data, "line")), 2);
	assert_int_equal(json_integer_value(json_object_get(data, "column")), 10);
	json_decref(answer);
	expect_error(*state, "SELECT * FORM runs", -32602, "near \"FORM\": syntax error");
}

static void rows_are_capped(void **state)
{
	static const char *const numbers = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + "
					   "1 FROM n LIMIT %d) SELECT %s FROM n";
	char sql[256];
	json_t *answer, *result;

	answer = ask(*state, "SELECT id FROM runs ORDER BY id", 3);
	result = json_object_get(answer, "result");
	assert_int_equal(json_array_size(json_object_get(result, "rows")), 3);
	assert_true(json_is_true(json_object_get(result, "truncated")));
	json_decref(answer);
	answer = ask(*state, "SELECT id FROM runs ORDER BY id", 20);
	assert_true(json_is_false(json_object_get(json_object_get(answer, "result"), "truncated")));
	json_decref(answer);

	/* more bytes than an answer may have: cut at a row */
	snprintf(sql, sizeof(sql), numbers, 5000, "i, printf('%.*c', 9000, 'x')");
	answer = ask(*state, sql, 10000);
	result = json_object_get(answer, "result");
	assert_true(json_is_true(json_object_get(result, "truncated")));
	assert_in_range(json_array_size(json_object_get(result, "rows")), 1800, 1870);
	json_decref(answer);
	expect_error(*state, "SELECT printf('%.*c', 16000000, x'22') || '\"'", -32003,
		     "single row");
}

static void memory_is_capped(void **state)
{
	expect_error(
		*state,
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 100000000) "
		"SELECT count(*) FROM (SELECT i, printf('%.*c', 100000, 'x') AS x FROM n ORDER BY "
		"x DESC, i)",
		-32003, "memory");
	expect_error(*state,
		     "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 100) "
		     "SELECT group_concat(printf('%.*c', 1000000, 'x')) FROM n",
		     -32602, "too big");
}

/* The worker's deadline is seconds away; the guard alone takes any, such as one that has passed. */
static void time_is_capped(void **state)
{
	struct fixture *f = *state;
	struct sql_problem problem;
	struct sql_guard guard;
	sqlite3_stmt *stmt;
	sqlite3 *handle;

	assert_int_equal(db_open_reader_handle(f->path, &handle), 0);
	assert_int_equal(sql_guard_init(&guard, handle, 1), 0);
	assert_int_equal(sql_guard_prepare(
				 &guard,
				 "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) "
				 "SELECT max(i) FROM n",
				 &stmt, &problem),
			 0);
	assert_int_equal(sqlite3_step(stmt), SQLITE_INTERRUPT);
	sql_guard_explain(&guard, &problem);
	assert_true(problem.expired);
	assert_string_equal(problem.text, "the query took longer than 10 s");
	sqlite3_finalize(stmt);
	sql_guard_done(&guard);
	sqlite3_close(handle);
}

static void bad_requests_are_answered(void **state)
{
	static const char *const lines[] = {
		"{}\n",
		"[]\n",
		"nonsense\n",
		"{\"sql\":\"SELECT 1\"}\n",
		"{\"sql\":1,\"limit\":1}\n",
		"{\"sql\":\"SELECT 1\",\"limit\":0}\n",
		"{\"sql\":\"SELECT 1\",\"limit\":10001}\n",
		"\n",
	};
	struct fixture *f = *state;
	struct buf line = BUF_INIT(0);
	json_t *answer;
	int status;

	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		status = work(f->path, lines[i], strlen(lines[i]), &answer);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		if (json_integer_value(json_object_get(json_object_get(answer, "error"), "code")) !=
		    -32600)
			fail_msg("%s: %s", lines[i], json_dumps(answer, 0));
		json_decref(answer);
	}
	/* a line that never ends */
	for (int i = 0; i < 500000; i++)
		buf_adds(&line, "x");
	status = work(f->path, line.data, line.len, &answer);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(answer, "error"), "code")),
		-32600);
	json_decref(answer);
	buf_done(&line);
	/* nothing at all */
	status = work(f->path, "", 0, &answer);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EX_IOERR);
	assert_null(answer);
	/* no database */
	status = work("/nonexistent/record.db", lines[3], strlen(lines[3]), &answer);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(answer, "error"), "code")),
		-32007);
	json_decref(answer);
}

/* The writer goes on while a worker reads, and the worker sees what was committed. */
static void sees_what_is_committed(void **state)
{
	struct fixture *f = *state;
	char v[256];

	fixture_exec(f, "BEGIN IMMEDIATE; UPDATE pen SET model = 'Other' WHERE id = 2");
	assert_string_equal(one_value(f, "SELECT model FROM pens WHERE id = 2", v), "\"None\"");
	fixture_exec(f, "COMMIT");
	assert_string_equal(one_value(f, "SELECT model FROM pens WHERE id = 2", v), "\"Other\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_json),
		cmocka_unit_test(analysis_works),
		cmocka_unit_test(every_view_is_there),
		cmocka_unit_test(nothing_else_is_read),
		cmocka_unit_test(nothing_is_done),
		cmocka_unit_test(errors_point_at_their_cause),
		cmocka_unit_test(rows_are_capped),
		cmocka_unit_test(memory_is_capped),
		cmocka_unit_test(time_is_capped),
		cmocka_unit_test(bad_requests_are_answered),
		cmocka_unit_test(sees_what_is_committed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
