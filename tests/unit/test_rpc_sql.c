/* SPDX-License-Identifier: MIT */
/* sql.query's processes, with this program as the worker: what it does is what the SQL says. */
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "rpc_fake.h"

/* ---- the worker ---- */

/* Numbers of the open descriptors, but the one that lists them. */
static void list_descriptors(char *out, size_t size)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t at = 0;

	assert(dir);
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(dir))
			at += (size_t)snprintf(out + at, size - at, "%s ", e->d_name);
	closedir(dir);
}

/* Does what the statement says. */
static int worker_act(const char *sql, const json_t *request, const char *db_path)
{
	char text[256];
	sigset_t blocked;

	if (streq(sql, "hang"))
		for (;;)
			pause();
	if (streq(sql, "die"))
		abort();
	if (streq(sql, "half")) {
		printf("{\"result\":{\"columns\":[");
		return 0;
	}
	if (streq(sql, "nonsense")) {
		printf("what?\n");
		return 0;
	}
	if (streq(sql, "endless"))
		for (;;)
			printf("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	if (streq(sql, "large")) {
		printf("{\"result\":{\"rows\":\"%*s\"}}\n", 1000000, "");
		return 0;
	}
	if (streq(sql, "error")) {
		printf("{\"error\":{\"code\":-32602,\"message\":\"near "
		       "\\\"x\\\"\",\"data\":{\"hint\":\"no such view\"}}}\n");
		return 0;
	}
	list_descriptors(text, sizeof(text));
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	printf("{\"result\":{\"limit\":%d,\"length\":%zu,\"path\":\"%s\",\"fds\":\"%s\",\"notify\":"
	       "%s,\"blocked\":%s}}\n",
	       (int)json_integer_value(json_object_get(request, "limit")), strlen(sql), db_path,
	       text, getenv("NOTIFY_SOCKET") ? "true" : "false",
	       sigismember(&blocked, SIGTERM) ? "true" : "false");
	return 0;
}

static int worker_main(const char *db_path)
{
	char line[LIMIT_SQL_BYTES * 2];
	json_t *request;
	int r;

	if (!fgets(line, sizeof(line), stdin))
		return 1;
	request = json_loads(line, 0, NULL);
	assert(request);
	r = worker_act(json_string_value(json_object_get(request, "sql")), request, db_path);
	json_decref(request);
	return r;
}

/* ---- the tests ---- */

static int start_with_workers(void **state)
{
	fake_start(state);
	return 0;
}

static int stop_without_children(void **state)
{
	fake_stop(state);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none left, dead or alive */
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void says_sql(struct peer_end *p, const char *sql)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"sql.query\",\"params\":{\"sql\":"
		 "\"%s\"}}",
		 sql, sql);
	peer_says(p, line);
	fake_settle();
}

/* The next line, however long the process takes. */
static json_t *answer_of(struct peer_end *p)
{
	json_t *line;

	while (!(line = peer_line_here(p)))
		if (!peer_read(p))
			sd_event_run(fake.event, 1000);
	return line;
}

static void wait_for_places(void)
{
	while (fake.server->sql.n_running > 0)
		sd_event_run(fake.event, UINT64_MAX);
}

static void test_answer(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	sigset_t term, before;
	json_t *answer;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	setenv("NOTIFY_SOCKET", "/invented", 1);
	fcntl(open("/dev/null", O_RDONLY), F_GETFD); /* one that somebody forgot to mark */
	says_sql(&p, "SELECT 1");
	answer = answer_of(&p);
	assert_int_equal(json_integer_value(line_result(answer, "limit")), 1000);
	assert_int_equal(json_integer_value(line_result(answer, "length")), 8);
	assert_string_equal(json_string_value(line_result(answer, "path")), "/invented/stipple.db");
	assert_string_equal(json_string_value(line_result(answer, "fds")), "0 1 2 ");
	assert_true(json_is_false(line_result(answer, "notify")));
	assert_true(json_is_false(line_result(answer, "blocked")));
	json_decref(answer);
	sigprocmask(SIG_SETMASK, &before, NULL);
	unsetenv("NOTIFY_SOCKET");
	wait_for_places();
	peer_close(&p);
}

static void test_long_statement(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	struct buf b = BUF_INIT(0);
	json_t *answer;

	buf_adds(&b, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sql.query\",\"params\":{\"limit\":"
		     "10000,\"sql\":\"");
	for (int i = 0; i < LIMIT_SQL_BYTES; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}}");
	peer_says(&p, b.data);
	answer = answer_of(&p);
	assert_int_equal(json_integer_value(line_result(answer, "length")), LIMIT_SQL_BYTES);
	json_decref(answer);
	buf_done(&b);
	wait_for_places();
	peer_close(&p);
}

static void test_errors(void **state UNUSED)
{
	static const struct {
		const char *sql;
		int64_t code;
	} cases[] = {
		{"error", RPC_PARAMS},	    {"die", RPC_INTERNAL},  {"half", RPC_INTERNAL},
		{"nonsense", RPC_INTERNAL}, {"endless", RPC_LIMIT},
	};
	struct peer_end p = peer_connect();
	json_t *answer;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		says_sql(&p, cases[i].sql);
		answer = answer_of(&p);
		if (line_error(answer) != cases[i].code)
			fail_msg("%s: %s", cases[i].sql, json_dumps(answer, JSON_COMPACT));
		if (i == 0)
			assert_string_equal(json_string_value(line_error_data(answer, "hint")),
					    "no such view");
		json_decref(answer);
	}
	says_sql(&p, "large");
	answer = answer_of(&p);
	assert_int_equal(json_string_length(line_result(answer, "rows")), 1000000);
	json_decref(answer);
	wait_for_places();
	peer_close(&p);
}

static void test_deadline(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	fake.server->sql.deadline_us = 20 * USEC_PER_MSEC;
	says_sql(&p, "hang");
	answer = answer_of(&p);
	assert_int_equal(line_error(answer), RPC_DEADLINE);
	json_decref(answer);
	wait_for_places();
	peer_close(&p);
}

static void test_places(void **state UNUSED)
{
	struct peer_end hanging = peer_connect(), p = peer_connect();
	json_t *answer;

	for (int i = 0; i < LIMIT_SQL_WORKERS; i++)
		says_sql(&hanging, "hang");
	says_sql(&p, "first");
	says_sql(&p, "second");
	assert_int_equal(fake.server->sql.n_running, LIMIT_SQL_WORKERS);
	assert_non_null(fake.server->sql.queue);
	/* Everything else goes on meanwhile. */
	assert_int_equal(peer_ask_error(&p, "daemon.status", "{}"), 0);
	/* Who goes away frees its places, and those that it waited for. */
	says_sql(&hanging, "never");
	peer_close(&hanging);
	for (int i = 0; i < 2; i++) {
		answer = answer_of(&p);
		assert_int_equal(line_error(answer), 0);
		json_decref(answer);
	}
	assert_null(fake.server->sql.queue);
	wait_for_places();
	peer_close(&p);
}

static void test_server_ends_with_workers(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	for (int i = 0; i < LIMIT_SQL_WORKERS + 2; i++)
		says_sql(&p, "hang");
	fake.server = server_free(fake.server);
	p.fd = safe_close(p.fd);
	free(p.in);
}

static void test_no_such_program(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	fake.server->sql.program = "/invented/program";
	assert_int_equal(peer_ask_error(&p, "sql.query", "[\"SELECT 1\"]"), RPC_INTERNAL);
	assert_int_equal(fake.server->sql.n_running, 0);
	peer_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_with_workers, stop_without_children)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),	    TEST(test_long_statement),
		TEST(test_errors),	    TEST(test_deadline),
		TEST(test_places),	    TEST(test_server_ends_with_workers),
		TEST(test_no_such_program),
	};

	if (argc > 2 && streq(argv[1], "--sql-worker"))
		return worker_main(argv[2]);
	return cmocka_run_group_tests_name("rpc-sql", tests, NULL, NULL);
}
