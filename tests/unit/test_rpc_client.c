/* SPDX-License-Identifier: MIT */
/* Requests, batches and limits on a connection, and that what one client does is felt by no other.
 */
#include <sys/resource.h>

#include "rpc_fake.h"

#define STATUS "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.status\"}"

static void test_ids_come_back(void **state UNUSED)
{
	static const char *const ids[] = {
		"1",   "-9223372036854775808", "\"text\"", "\"\\u00e9\\n\\\"\"", "1.5", "null",
		"\"\""};
	struct peer_end p = peer_connect();
	char line[256];

	for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
		json_t *wanted = json_loads(ids[i], JSON_DECODE_ANY, NULL), *answer;

		snprintf(line, sizeof(line),
			 "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"daemon.status\"}", ids[i]);
		peer_says(&p, line);
		answer = peer_line(&p);
		assert_true(json_equal(json_object_get(answer, "id"), wanted));
		assert_string_equal(json_string_value(line_result(answer, "zone")), "UTC");
		json_decref(answer);
		json_decref(wanted);
	}
	peer_close(&p);
}

static void test_bad_requests(void **state UNUSED)
{
	static const struct {
		const char *line;
		int64_t code;
	} cases[] = {
		{"{", RPC_PARSE},
		{"nonsense", RPC_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.status\"} x", RPC_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"daemon.status\"}", RPC_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", RPC_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", RPC_PARSE},
		{"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"daemon.status\"}",
		 RPC_PARSE},
		{"7", RPC_REQUEST},
		{"\"daemon.status\"", RPC_REQUEST},
		{"[]", RPC_REQUEST},
		{"{}", RPC_REQUEST},
		{"{\"id\":1,\"method\":\"daemon.status\"}", RPC_REQUEST},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"daemon.status\"}", RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"daemon.status\"}", RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"daemon.status\"}", RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.status\",\"params\":7}",
		 RPC_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", RPC_METHOD},
	};
	struct peer_end p = peer_connect();

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		json_t *answer;

		peer_says(&p, cases[i].line);
		answer = peer_line(&p);
		if (line_error(answer) != cases[i].code)
			fail_msg("%s: %s", cases[i].line, json_dumps(answer, JSON_COMPACT));
		assert_non_null(json_object_get(answer, "id"));
		json_decref(answer);
	}
	/* The connection is as good as new. */
	assert_int_equal(peer_ask_error(&p, "daemon.status", "{}"), 0);
	peer_close(&p);
}

static void test_notifications_are_silent(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"daemon.status\"}");
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}");
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"daemon.status\",\"params\":{\"no\":1}}");
	peer_says(&p, "");
	peer_says(&p, " \r");
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"daemon.status\"}");
	answer = peer_line(&p);
	assert_string_equal(json_string_value(json_object_get(answer, "id")), "last");
	json_decref(answer);
	peer_close(&p);
}

static void test_any_split_and_any_join(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	const char *three = STATUS "\r\n" STATUS "\n" STATUS "\n";

	for (const char *c = three; *c; c++)
		peer_send(&p, c, 1);
	peer_send(&p, three, strlen(three));
	for (int i = 0; i < 6; i++)
		json_decref(peer_line(&p));
	peer_close(&p);
}

/* printf '{...}' | socat - UNIX:... : no newline, and the writing side closed before the answer
 * came. */
static void test_last_line_needs_no_end(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	const char *query = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"run.list\"}";

	peer_says(&p, STATUS);
	peer_send(&p, query, strlen(query));
	shutdown(p.fd, SHUT_WR);
	json_decref(peer_line(&p));
	fake_settle();
	assert_int_equal(fake.server->n_clients, 1); /* waits for the answer of the query */
	assert_true(fake_db_step());
	json_decref(peer_line(&p));
	peer_wants_end(&p);
	assert_int_equal(fake.server->n_clients, 0);
	peer_close(&p);
}

static void test_half_a_line_and_gone(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	peer_send(&p, STATUS, 20);
	peer_close(&p);
	assert_int_equal(fake.server->n_clients, 0);
}

static void test_line_too_long(void **state UNUSED)
{
	struct peer_end p = peer_connect(), other = peer_connect();
	size_t len = 5 * LIMIT_LINE_BYTES;
	char *huge = malloc(len);
	json_t *answer;

	assert_non_null(huge);
	memset(huge, 'x', len);
	peer_send(&p, huge, len);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	assert_int_equal(json_integer_value(line_error_data(answer, "limit")), LIMIT_LINE_BYTES);
	json_decref(answer);
	assert_true(fake.server->clients->next->in_cap <= 4 * LIMIT_LINE_BYTES);
	assert_int_equal(peer_ask_error(&other, "daemon.status", "{}"), 0);
	/* One error for the line, however long it goes on; then the next line counts again. */
	peer_send(&p, huge, len);
	peer_says(&p, "{}");
	assert_int_equal(peer_ask_error(&p, "daemon.status", "{}"), 0);
	free(huge);
	peer_close(&p);
	peer_close(&other);
}

static void test_longest_line(void **state UNUSED)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"x\":\"",
			  tail[] = "\",\"method\":\"daemon.status\"}\n";
	struct peer_end p = peer_connect();
	char *line = malloc(LIMIT_LINE_BYTES + 1);
	json_t *answer;

	assert_non_null(line);
	memset(line, 'x', LIMIT_LINE_BYTES + 1);
	memcpy(line, head, sizeof(head) - 1);
	memcpy(line + LIMIT_LINE_BYTES + 1 - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	peer_send(&p, line, LIMIT_LINE_BYTES + 1); /* with its newline */
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), 0);
	json_decref(answer);
	free(line);
	peer_close(&p);
}

/* @n times @open, around nothing. */
static void says_nested(struct peer_end *p, char open, size_t n)
{
	struct buf b = BUF_INIT(0);

	for (size_t i = 0; i < n; i++)
		buf_addc(&b, open);
	peer_says(p, b.data);
	buf_done(&b);
}

static void test_json_too_deep(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	says_nested(&p, '[', LIMIT_JSON_DEPTH + 1);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	assert_int_equal(json_integer_value(line_error_data(answer, "limit")), LIMIT_JSON_DEPTH);
	json_decref(answer);
	says_nested(&p, '[', LIMIT_JSON_DEPTH); /* not too deep, but no JSON */
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_PARSE);
	json_decref(answer);
	says_nested(&p, '[', 200000);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	json_decref(answer);
	says_nested(&p, ',', LIMIT_JSON_VALUES);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	assert_int_equal(json_integer_value(line_error_data(answer, "limit")), LIMIT_JSON_VALUES);
	json_decref(answer);
	peer_close(&p);
}

static void test_batch(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	int64_t errors = 0;
	json_t *answer, *item;
	size_t i;

	peer_says(&p, "[" STATUS ",7,{\"jsonrpc\":\"2.0\",\"method\":\"daemon.status\"},"
		      "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"run.list\"},"
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no.such\"}]");
	fake_settle();
	assert_true(fake_db_step());
	answer = peer_line(&p);
	assert_true(json_is_array(answer));
	assert_int_equal(json_array_size(answer), 4);
	json_array_foreach(answer, i, item) errors += line_error(item);
	assert_int_equal(errors, RPC_REQUEST + RPC_METHOD);
	json_decref(answer);
	/* A batch of notifications answers nothing at all. */
	peer_says(&p, "[{\"jsonrpc\":\"2.0\",\"method\":\"daemon.status\"}]");
	assert_int_equal(peer_ask_error(&p, "daemon.status", "{}"), 0);
	peer_close(&p);
}

/* One batch at a time: what follows it waits. */
static void test_lines_after_a_batch(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	peer_says(&p, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.list\"}]");
	peer_says(&p, "[" STATUS "," STATUS "]");
	peer_says(&p, STATUS);
	fake_settle();
	assert_false(peer_read(&p));
	assert_true(fake_db_step());
	answer = peer_line(&p);
	assert_int_equal(json_array_size(answer), 1);
	json_decref(answer);
	answer = peer_line(&p);
	assert_int_equal(json_array_size(answer), 2);
	json_decref(answer);
	answer = peer_line(&p);
	assert_true(json_is_object(answer));
	json_decref(answer);
	peer_close(&p);
}

static void says_batch(struct peer_end *p, const char *method, int n)
{
	struct buf b = BUF_INIT(0);

	json_open(&b, '[');
	for (int i = 0; i < n; i++) {
		json_open(&b, '{');
		json_kv_text(&b, "jsonrpc", "2.0");
		json_kv_int(&b, "id", i);
		json_kv_text(&b, "method", method);
		json_close(&b, '}');
	}
	json_close(&b, ']');
	peer_says(p, b.data);
	buf_done(&b);
}

static void test_batch_limits(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	unsigned steps = 0;
	json_t *answer;

	says_batch(&p, "run.list", LIMIT_BATCH + 1);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	json_decref(answer);
	/* More queries than may be in flight: they are started as others end. */
	says_batch(&p, "run.list", LIMIT_BATCH);
	fake_settle();
	while (fake_db_step()) {
		assert_true(fake.server->clients->n_calls <= LIMIT_INFLIGHT);
		steps++;
		fake_settle();
	}
	assert_int_equal(steps, LIMIT_BATCH);
	answer = peer_line(&p);
	assert_int_equal(json_array_size(answer), LIMIT_BATCH);
	for (size_t i = 0; i < LIMIT_BATCH; i++)
		assert_int_equal(line_error(json_array_get(answer, i)), 0);
	json_decref(answer);
	says_batch(&p, "daemon.status", LIMIT_BATCH);
	answer = peer_line(&p);
	assert_int_equal(json_array_size(answer), LIMIT_BATCH);
	json_decref(answer);
	peer_close(&p);
}

static void test_requests_in_flight(void **state UNUSED)
{
	struct peer_end p = peer_connect(), other = peer_connect();
	char line[128];
	json_t *answer;
	int answered = 0;

	for (int i = 0; i < LIMIT_INFLIGHT + 1; i++) {
		snprintf(line, sizeof(line),
			 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"run.list\"}", i);
		peer_says(&p, line);
	}
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_LIMIT);
	assert_int_equal(json_integer_value(json_object_get(answer, "id")), LIMIT_INFLIGHT);
	assert_int_equal(json_integer_value(line_error_data(answer, "limit")), LIMIT_INFLIGHT);
	json_decref(answer);
	/* One client's queries do not fill the readers' queue: another's comes third. */
	assert_int_equal(fake.reads, LIMIT_READERS);
	peer_says(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.list\"}");
	fake_settle();
	for (int i = 0; i < LIMIT_READERS + 1; i++)
		assert_true(fake_db_step());
	json_decref(peer_line(&other));
	for (fake_settle(); fake_db_step(); fake_settle())
		;
	for (; answered < LIMIT_INFLIGHT; answered++) {
		answer = peer_line(&p);
		assert_int_equal(line_error(answer), 0);
		json_decref(answer);
	}
	peer_close(&p);
	peer_close(&other);
}

static void test_gone_with_queries_in_flight(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	says_batch(&p, "run.list", 5);
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"run.list\"}");
	fake_settle();
	peer_close(&p);
	assert_int_equal(fake.server->n_clients, 0);
	assert_int_equal(fake.reads, LIMIT_READERS);
	while (fake_db_step())
		;
	assert_int_equal(fake.reads, LIMIT_READERS); /* what had not begun never does */
}

static void test_query_errors(void **state UNUSED)
{
	static const struct {
		int result;
		int64_t code;
	} cases[] = {
		{-ENOENT, RPC_NOT_FOUND}, {-ETIME, RPC_DEADLINE},     {-E2BIG, RPC_LIMIT},
		{-EINVAL, RPC_PARAMS},	  {-ECANCELED, RPC_INTERNAL}, {-EIO, RPC_INTERNAL},
	};
	struct peer_end p = peer_connect();

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		json_t *answer;

		fake.job_result = cases[i].result;
		peer_says(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.get\",\"params\":{"
			      "\"run\":1}}");
		fake_settle();
		assert_true(fake_db_step());
		answer = peer_line(&p);
		assert_int_equal(line_error(answer), cases[i].code);
		json_decref(answer);
	}
	fake.read_result = -EBUSY;
	assert_int_equal(peer_ask_error(&p, "run.get", "{\"run\":1}"), RPC_LIMIT);
	peer_close(&p);
}

static void test_many_requests_and_no_reading(void **state UNUSED)
{
	struct peer_end p = peer_connect(), other = peer_connect();
	enum { REQUESTS = 10000 };
	const char *discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
	size_t sent = 0, at = 0, len = strlen(discover), most = 0;
	unsigned idle = 0, answers = 0;
	json_t *line;

	/* Writes what the daemon takes until it takes no more. */
	while (sent < REQUESTS && idle < 100) {
		ssize_t n = send(p.fd, discover + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			at += (size_t)n;
			idle = 0;
		} else {
			idle++;
		}
		if (at == len) {
			sent++;
			at = 0;
		}
		sd_event_run(fake.event, 0);
		most = MAX(most, fake.server->clients->next->out.answer_bytes);
	}
	assert_true(sent < REQUESTS);
	assert_true(fake.server->clients->next->choked);
	assert_true(most < LIMIT_UNREAD_BYTES + 512 * 1024); /* one answer more: some 300 KiB */
	assert_int_equal(peer_ask_error(&other, "daemon.status", "{}"), 0);
	/* Then it reads, and all are answered: what was sent already, and what is sent from now on.
	 */
	while (answers < REQUESTS) {
		if (sent < REQUESTS) {
			ssize_t n =
				send(p.fd, discover + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

			at += n > 0 ? (size_t)n : 0;
			if (at == len) {
				sent++;
				at = 0;
			}
		}
		sd_event_run(fake.event, 0);
		peer_read(&p);
		/* Parsing each of them would be the test's time, not the daemon's. */
		for (char *end; (end = p.in ? memchr(p.in, '\n', p.len) : NULL);) {
			if (answers % 1000 == 0) {
				line = json_loadb(p.in, (size_t)(end - p.in), 0, NULL);
				assert_non_null(line_result(line, "methods"));
				json_decref(line);
			}
			answers++;
			p.len -= (size_t)(end + 1 - p.in);
			memmove(p.in, end + 1, p.len);
		}
	}
	peer_close(&p);
	peer_close(&other);
}

/* Sends all of it, turning the loop while the socket is full. False: the daemon has hung up. */
static bool ask_unless_dropped(int fd, const char *data, size_t len)
{
	for (int i = 0; len > 0; i++) {
		ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_true(i < TURNS_MAX);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		if (n < 0)
			assert_int_equal(errno, EAGAIN);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		sd_event_run(fake.event, 0);
	}
	return true;
}

/* What many clients together leave unread has a bound too: those with most of it go, not those who
 * read. */
static void test_nobody_reads(void **state UNUSED)
{
	enum { CLIENTS = 30, REQUESTS = 200 };
	const char *discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
	struct peer_end p[CLIENTS], other = peer_connect();

	for (int i = 0; i < CLIENTS; i++) {
		p[i] = peer_connect();
		/* It may be itself the one with most, and be dropped while it still asks. */
		for (int k = 0; k < REQUESTS; k++)
			if (!ask_unless_dropped(p[i].fd, discover, strlen(discover)))
				break;
		fake_settle();
		assert_true(fake.server->unread_bytes <= LIMIT_UNREAD_TOTAL + LIMIT_UNREAD_BYTES);
		assert_int_equal(peer_ask_error(&other, "daemon.status", "{}"), 0);
	}
	assert_true(fake.server->n_clients < CLIENTS);
	assert_true(fake.server->n_clients > CLIENTS / 3);
	for (int i = 0; i < CLIENTS; i++)
		peer_close(&p[i]);
	assert_int_equal(fake.server->unread_bytes, 0);
	peer_close(&other);
}

/* Many large answers asked for at once are made a few at a time: pens have their turns between. */
static void test_a_turn_is_short(void **state UNUSED)
{
	struct peer_end p[4] = {peer_connect(), peer_connect(), peer_connect(), peer_connect()};
	const char *discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
	struct line *largest;
	size_t before = 0, after, most = 0;

	for (int i = 0; i < 4; i++) {
		/* Nothing is read, so that what was answered stays where it can be seen. */
		for (int k = 0; k < 50; k++)
			assert_true(send(p[i].fd, discover, strlen(discover), MSG_DONTWAIT) > 0);
	}
	do {
		after = 0;
		assert_true(sd_event_run(fake.event, 0) >= 0);
		for (struct client *c = fake.server->clients; c; c = c->next)
			after += c->out.answer_bytes;
		most = MAX(most, after > before ? after - before : 0);
		before = after;
	} while (sd_event_get_state(fake.event) != SD_EVENT_FINISHED && after < 4 * 1000000);
	largest = fake.server->clients->out.ring[fake.server->clients->out.head];
	assert_true(largest->len > 30000);
	assert_true(most <= (LIMIT_TURN + LIMIT_SLICE) * LIMIT_SLICE_BYTES + largest->len);
	for (int i = 0; i < 4; i++)
		peer_close(&p[i]);
}

/* Who is left over when a turn is full gets the next one, even if nobody else wants it. */
static void test_nobody_is_left_over(void **state UNUSED)
{
	const char *discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
	struct peer_end p[6];

	for (int i = 0; i < 6; i++)
		p[i] = peer_connect();
	for (int k = 0; k < 6; k++)
		for (int i = 0; i < 6; i++)
			assert_true(send(p[i].fd, discover, strlen(discover), MSG_DONTWAIT) > 0);
	for (int i = 5; i >= 0; i--)
		for (int k = 0; k < 6; k++)
			json_decref(peer_line(&p[i]));
	for (int i = 0; i < 6; i++)
		peer_close(&p[i]);
}

static void test_too_many_clients(void **state UNUSED)
{
	static struct peer_end all[LIMIT_CLIENTS];
	struct peer_end one_more;
	json_t *line;

	for (int i = 0; i < LIMIT_CLIENTS; i++)
		all[i] = peer_connect();
	assert_int_equal(fake.server->n_clients, LIMIT_CLIENTS);
	one_more = peer_connect();
	line = peer_line(&one_more);
	assert_int_equal(line_error(line), RPC_LIMIT);
	assert_int_equal(json_integer_value(line_error_data(line, "limit")), LIMIT_CLIENTS);
	json_decref(line);
	peer_wants_end(&one_more);
	peer_close(&one_more);
	assert_int_equal(peer_ask_error(&all[0], "daemon.status", "{}"), 0);
	peer_close(&all[1]);
	all[1] = peer_connect();
	assert_int_equal(peer_ask_error(&all[1], "daemon.status", "{}"), 0);
	for (int i = 0; i < LIMIT_CLIENTS; i++)
		peer_close(&all[i]);
	assert_int_equal(fake.server->n_clients, 0);
}

static void test_no_descriptors_left(void **state UNUSED)
{
	struct peer_end one = peer_connect(),
			refused = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct rlimit before, few;
	int taken[128], n = 0;
	json_t *line;

	strcpy(sun.sun_path, fake.path);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((taken[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		assert_true(++n < 128);
	assert_int_equal(connect(refused.fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	fake_settle(); /* and does not turn for ever */
	line = peer_line(&refused);
	assert_int_equal(line_error(line), RPC_LIMIT);
	json_decref(line);
	while (n > 0)
		close(taken[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	peer_close(&refused);
	assert_int_equal(peer_ask_error(&one, "daemon.status", "{}"), 0);
	peer_close(&one);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_start, fake_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ids_come_back),
		TEST(test_bad_requests),
		TEST(test_notifications_are_silent),
		TEST(test_any_split_and_any_join),
		TEST(test_last_line_needs_no_end),
		TEST(test_half_a_line_and_gone),
		TEST(test_line_too_long),
		TEST(test_longest_line),
		TEST(test_json_too_deep),
		TEST(test_batch),
		TEST(test_lines_after_a_batch),
		TEST(test_batch_limits),
		TEST(test_requests_in_flight),
		TEST(test_gone_with_queries_in_flight),
		TEST(test_query_errors),
		TEST(test_many_requests_and_no_reading),
		TEST(test_nobody_reads),
		TEST(test_a_turn_is_short),
		TEST(test_nobody_is_left_over),
		TEST(test_too_many_clients),
		TEST(test_no_descriptors_left),
	};

	return cmocka_run_group_tests_name("rpc-client", tests, NULL, NULL);
}
