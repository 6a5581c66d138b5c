/* SPDX-License-Identifier: MIT */
/* Live and durable events: to whom, in which order, and what happens to those who do not read. */
#include "rpc_fake.h"

static int start_with_pens(void **state)
{
	fake_start(state);
	fake_add_pen("AA-1");
	fake_add_pen("BB-2");
	return 0;
}

static const json_t *param(const json_t *event, const char *name)
{
	return json_object_get(json_object_get(event, "params"), name);
}

static bool is_event(const json_t *line, const char *stream, const char *kind)
{
	const char *method = json_string_value(json_object_get(line, "method"));

	return method && streq(method, "event") &&
	       streq(json_string_value(param(line, "stream")), stream) &&
	       streq(json_string_value(param(line, "kind")), kind);
}

static void subscribe(struct peer_end *p, const char *params)
{
	json_t *answer = peer_ask(p, "events.subscribe", params);

	if (line_error(answer))
		fail_msg("%s", json_dumps(answer, JSON_COMPACT));
	json_decref(answer);
}

/* Everything that is on its way to @p is there afterwards. */
static size_t lines_here(struct peer_end *p)
{
	size_t n = 0;

	for (fake_settle(); peer_read(p); fake_settle())
		;
	for (size_t i = 0; i < p->len; i++)
		n += p->in[i] == '\n';
	return n;
}

/* One line for all, however many listen. */
static void test_live_events_are_shared(void **state UNUSED)
{
	struct peer_end ends[8];
	unsigned queued = 0;
	struct line *line = NULL;

	for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
		ends[i] = peer_connect();
		subscribe(&ends[i], "{\"streams\":[\"live\"]}");
	}
	fake_live_cycles(0, 5, 12);
	for (struct client *c = fake.server->events.live; c; c = c->live.next) {
		if (c->out.count == 0)
			continue; /* the first few had it at once */
		if (line)
			assert_ptr_equal(c->out.ring[c->out.head], line);
		line = c->out.ring[c->out.head];
		queued++;
	}
	assert_int_equal(queued, 4);
	assert_int_equal(line->refs, queued);
	for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
		assert_int_equal(lines_here(&ends[i]), 1);
		peer_close(&ends[i]);
	}
}

static void test_live_events_reach_all(void **state UNUSED)
{
	struct peer_end a = peer_connect(), b = peer_connect(), c = peer_connect();
	const struct outq *q;
	json_t *line, *values;

	assert_false(fake.want_live);
	fake_live_cycles(0, 1, 12); /* nobody listens */
	subscribe(&a, "{\"streams\":[\"live\"]}");
	assert_true(fake.want_live);
	subscribe(&b, "{\"streams\":[\"live\"],\"pens\":[\"bb\"]}");
	fake_live_cycles(0, 5, 12);
	fake_live_cycles(1, 6, 3);
	/* With so few, it is out at once. */
	q = &fake.server->events.live->out;
	assert_int_equal(q->count, 0);
	line = peer_line(&a);
	assert_true(is_event(line, "live", "cycles"));
	assert_int_equal(json_integer_value(param(line, "n")), 1);
	assert_string_equal(json_string_value(param(line, "pen")), "AA-1");
	values = json_object_get(param(line, "data"), "period_us");
	assert_int_equal(json_array_size(values), 12);
	assert_int_equal(json_integer_value(json_array_get(values, 0)), 8000);
	assert_true(json_is_null(json_array_get(values, 1)));
	values = json_object_get(param(line, "data"), "depths_um");
	assert_int_equal(json_integer_value(json_array_get(values, 0)), 700);
	assert_true(json_is_null(json_array_get(values, 2)));
	assert_true(json_is_null(json_object_get(param(line, "data"), "start")));
	json_decref(line);
	line = peer_line(&a);
	assert_int_equal(json_integer_value(param(line, "n")), 2);
	json_decref(line);
	line = peer_line(&b);
	assert_string_equal(json_string_value(param(line, "pen")), "BB-2");
	assert_int_equal(json_integer_value(param(line, "n")), 2);
	json_decref(line);
	assert_int_equal(lines_here(&a) + lines_here(&b) + lines_here(&c), 0);
	/* The last one to leave turns off the light. */
	assert_int_equal(peer_ask_error(&a, "events.unsubscribe", "{}"), 0);
	assert_true(fake.want_live);
	peer_close(&b);
	assert_false(fake.want_live);
	fake_live_cycles(1, 6, 3);
	assert_int_equal(lines_here(&a), 0);
	peer_close(&a);
	peer_close(&c);
}

static void test_state_and_status(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *line;

	subscribe(&p, "[[\"live\"]]");
	fake.pen[0].trouble = "the cable is loose";
	fake.listener.on_live(&(struct live_event){.kind = LIVE_STATE, .pen = &fake.pen[0]},
			      fake.listener.ctx);
	line = peer_line(&p);
	assert_true(is_event(line, "live", "state"));
	assert_string_equal(json_string_value(json_object_get(param(line, "data"), "state")),
			    "live");
	assert_string_equal(json_string_value(json_object_get(param(line, "data"), "trouble")),
			    "the cable is loose");
	json_decref(line);
	fake.pen[0].running = (struct live_int){1, 5};
	fake.pen[0].temperature_cc = (struct live_int){2550, 5};
	fake.listener.on_live(&(struct live_event){.kind = LIVE_STATUS, .pen = &fake.pen[0]},
			      fake.listener.ctx);
	line = peer_line(&p);
	assert_true(is_event(line, "live", "status"));
	assert_true(json_is_true(json_object_get(param(line, "data"), "running")));
	assert_true(json_real_value(json_object_get(param(line, "data"), "temperature_c")) == 25.5);
	assert_true(
		json_is_null(json_object_get(param(line, "data"), "motor_mv"))); /* never heard */
	json_decref(line);
	peer_close(&p);
}

/* Who does not read gets whole lines, then the gap, then goes on; who reads gets everything at
 * once. */
static void test_live_gap(void **state UNUSED)
{
	struct peer_end slow = peer_connect(), good = peer_connect();
	enum { EVENTS = 5000 };
	int64_t n = 0, gaps = 0, last = 0;
	json_t *line;

	subscribe(&slow, "{\"streams\":[\"live\"]}");
	subscribe(&good, "{\"streams\":[\"live\"]}");
	for (int i = 1; i <= EVENTS; i++) {
		fake_live_cycles(0, 5, 100);
		line = peer_line(&good);
		assert_int_equal(json_integer_value(param(line, "n")), i);
		json_decref(line);
		assert_true(fake.server->clients->next->out.event_bytes <= LIMIT_EVENT_BYTES);
	}
	assert_true(fake.server->clients->next->gap_from > 0);
	/* A request and its answer are not held up by lost events. */
	peer_says(&slow, "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"method\":\"daemon.status\"}");
	while (last < EVENTS) {
		line = peer_line(&slow);
		if (json_object_get(line, "id")) {
			assert_string_equal(json_string_value(json_object_get(line, "id")), "mine");
		} else if (is_event(line, "live", "gap")) {
			gaps++;
			assert_int_equal(json_integer_value(param(line, "from")), last + 1);
			last = json_integer_value(param(line, "to"));
		} else {
			n++;
			assert_int_equal(json_integer_value(param(line, "n")), last + 1);
			last++;
		}
		json_decref(line);
	}
	assert_int_equal(gaps, 1);
	assert_true(n > 100 && n < EVENTS);
	fake_live_cycles(0, 5, 100);
	for (;;) {
		line = peer_line(&slow);
		if (is_event(line, "live", "cycles"))
			break;
		json_decref(line);
	}
	assert_int_equal(json_integer_value(param(line, "n")), EVENTS + 1);
	json_decref(line);
	peer_close(&slow);
	peer_close(&good);
}

/* ---- durable ---- */

static void wants_entry(struct peer_end *p, int64_t seq)
{
	json_t *line = peer_line(p);

	if (!is_event(line, "durable", "run.add") ||
	    json_integer_value(param(line, "cursor")) != seq)
		fail_msg("wanted entry %d: %s", (int)seq, json_dumps(line, JSON_COMPACT));
	assert_string_equal(
		json_string_value(json_object_get(param(line, "data"), "odd \"text\" ]}")), "\\\"");
	json_decref(line);
}

static void test_durable_follows_commits(void **state UNUSED)
{
	struct peer_end a = peer_connect(), b = peer_connect(), of_pen = peer_connect(),
			late = peer_connect();
	json_t *answer, *line;

	fake_commit(10);
	assert_int_equal(fake.reads, 0); /* nobody listens: nothing is read */
	answer = peer_ask(&a, "events.subscribe", "{\"streams\":[\"durable\"]}");
	assert_int_equal(json_integer_value(line_result(answer, "cursor")), 10);
	assert_true(json_is_true(line_result(answer, "durable")));
	assert_true(json_is_false(line_result(answer, "live")));
	json_decref(answer);
	subscribe(&b, "{\"streams\":[\"durable\"]}");
	subscribe(&of_pen, "{\"streams\":[\"durable\"],\"pens\":[\"BB-2\"]}");
	fake_commit(13);
	subscribe(&late, "{\"streams\":[\"durable\"]}"); /* after 13, which is being read */
	fake_commit(14);
	assert_int_equal(fake.reads, 1); /* one read for all */
	while (fake_db_step())
		;
	for (int64_t seq = 11; seq <= 14; seq++) {
		wants_entry(&a, seq);
		wants_entry(&b, seq);
	}
	line = peer_line(&of_pen);
	assert_int_equal(json_integer_value(param(line, "cursor")),
			 14); /* 11, 13 of the other, 12 of none */
	assert_string_equal(json_string_value(param(line, "pen")), "BB-2");
	json_decref(line);
	wants_entry(&late, 14);
	assert_int_equal(lines_here(&a) + lines_here(&b) + lines_here(&of_pen) + lines_here(&late),
			 0);
	peer_close(&late);
	peer_close(&a);
	peer_close(&b);
	peer_close(&of_pen);
}

static void test_durable_from_a_cursor(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	fake_commit(1000);
	answer = peer_ask(&p, "events.subscribe", "{\"streams\":[\"durable\"],\"after\":1001}");
	assert_int_equal(line_error(answer), RPC_PARAMS);
	assert_int_equal(json_integer_value(line_error_data(answer, "limit")), 1000);
	json_decref(answer);
	assert_int_equal(
		peer_ask_error(&p, "events.subscribe", "{\"streams\":[\"live\"],\"after\":3}"),
		RPC_PARAMS);
	subscribe(&p, "{\"streams\":[\"durable\"],\"after\":100}");
	for (int64_t seq = 101; seq <= 1000; seq++) {
		fake_settle();
		/* A commit in the middle of it changes nothing. */
		if (seq == 300)
			fake_commit(1005);
		while (fake_db_step())
			fake_settle();
		wants_entry(&p, seq);
	}
	for (int64_t seq = 1001; seq <= 1005; seq++)
		wants_entry(&p, seq);
	/* Now a follower like others. */
	fake_settle();
	while (fake_db_step())
		fake_settle();
	assert_false(fake.server->clients->behind);
	fake_commit(1006);
	assert_true(fake_db_step());
	wants_entry(&p, 1006);
	/* Again from the start, on the same connection. */
	subscribe(&p, "{\"streams\":[\"durable\"],\"after\":1004}");
	fake_settle();
	while (fake_db_step())
		fake_settle();
	wants_entry(&p, 1005);
	wants_entry(&p, 1006);
	assert_int_equal(lines_here(&p), 0);
	peer_close(&p);
}

/* Who does not read falls behind and catches up later: nothing is missed, nothing comes twice, and
 * others do not wait. */
static void test_durable_slow_reader(void **state UNUSED)
{
	struct peer_end slow = peer_connect(), good = peer_connect();
	const struct client *c;
	enum { ENTRIES = 3000 };
	int64_t seq = 0;
	unsigned reads;

	fake.payload_bytes = 1000;
	subscribe(&slow, "{\"streams\":[\"durable\"],\"after\":0}");
	subscribe(&good, "{\"streams\":[\"durable\"],\"after\":0}");
	c = fake.server->clients->next;
	for (int i = 1; i <= ENTRIES; i++) {
		fake_commit(i);
		while (fake_db_step())
			fake_settle();
		wants_entry(&good, i);
		assert_true(c->out.event_bytes <= LIMIT_EVENT_BYTES);
	}
	assert_true(c->behind);
	/* Waiting costs nothing: no read is begun for one who has no room. */
	reads = fake.reads;
	for (int i = 0; i < 100; i++)
		fake_settle();
	assert_int_equal(fake.reads, reads);
	while (seq < ENTRIES) {
		while (fake_db_step())
			fake_settle();
		wants_entry(&slow, ++seq);
	}
	for (fake_settle(); fake_db_step(); fake_settle())
		;
	assert_false(c->behind);
	assert_int_equal(lines_here(&slow), 0);
	peer_close(&slow);
	peer_close(&good);
}

/* A read that is refused or fails is tried again, without a commit that would remind us. */
static void test_durable_reader_trouble(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	subscribe(&p, "{\"streams\":[\"durable\"]}");
	fake.read_result = -EBUSY;
	fake_commit(1);
	assert_int_equal(fake.reads, 0);
	fake.read_result = 0;
	while (fake.reads == 0)
		sd_event_run(fake.event, UINT64_MAX);
	fake.job_result = -EIO;
	assert_true(fake_db_step());
	fake.job_result = 0;
	while (fake.reads == 1)
		sd_event_run(fake.event, UINT64_MAX);
	assert_true(fake_db_step());
	wants_entry(&p, 1);
	peer_close(&p);
}

/* Entries so large that a page of them is refused come in smaller pages. */
static void test_durable_large_entries(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	subscribe(&p, "{\"streams\":[\"durable\"]}");
	fake_commit(3);
	assert_int_equal(fake_argument(fake.jobs, "limit"), 256);
	fake.job_result = -E2BIG;
	assert_true(fake_db_step());
	fake.job_result = 0;
	while (!fake.jobs)
		sd_event_run(fake.event, UINT64_MAX);
	assert_int_equal(fake_argument(fake.jobs, "limit"), 64);
	while (fake_db_step())
		fake_settle();
	for (int64_t seq = 1; seq <= 3; seq++)
		wants_entry(&p, seq);
	peer_close(&p);
}

static void test_gone_while_read_for(void **state UNUSED)
{
	struct peer_end p = peer_connect(), q = peer_connect();

	fake_commit(1000);
	subscribe(&p, "{\"streams\":[\"durable\"],\"after\":0}");
	subscribe(&q, "{\"streams\":[\"durable\"]}");
	fake_commit(1001);
	fake_settle();
	assert_int_equal(fake.reads, 2);
	peer_close(&p);
	peer_close(&q);
	while (fake_db_step())
		;
	fake_settle();
	assert_int_equal(fake.server->n_clients, 0);
}

static void test_both_streams_and_half_close(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *line;

	subscribe(&p, "{}");
	shutdown(p.fd, SHUT_WR); /* a script that asks once and listens */
	fake_settle();
	fake_live_cycles(0, 1, 1);
	line = peer_line(&p);
	assert_true(is_event(line, "live", "cycles"));
	json_decref(line);
	fake_commit(1);
	assert_true(fake_db_step());
	wants_entry(&p, 1);
	peer_close(&p);
	assert_int_equal(fake.server->n_clients, 0);
}

static void test_bad_subscriptions(void **state UNUSED)
{
	static const struct {
		const char *params;
		int64_t code;
	} cases[] = {
		{"{\"streams\":\"live\"}", RPC_PARAMS},
		{"{\"streams\":[\"other\"]}", RPC_PARAMS},
		{"{\"streams\":[7]}", RPC_PARAMS},
		{"{\"pens\":[]}", RPC_PARAMS},
		{"{\"pens\":[\"ZZ\"]}", RPC_NOT_FOUND},
		{"{\"after\":-1}", RPC_PARAMS},
		{"{\"after\":\"1\"}", RPC_PARAMS},
		{"{\"stream\":[\"live\"]}", RPC_PARAMS},
		{"{\"pens\":[\""
		 "a-serial-number-of-more-than-32-bytes"
		 "\"]}",
		 RPC_PARAMS},
	};
	struct peer_end p = peer_connect();

	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		if (peer_ask_error(&p, "events.subscribe", cases[i].params) != cases[i].code)
			fail_msg("%s", cases[i].params);
	assert_false(fake.want_live);
	fake_add_pen("AA-2");
	assert_int_equal(peer_ask_error(&p, "events.subscribe", "{\"pens\":[\"aa-\"]}"),
			 RPC_AMBIGUOUS);
	peer_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_with_pens, fake_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_live_events_are_shared),
		TEST(test_live_events_reach_all),
		TEST(test_state_and_status),
		TEST(test_live_gap),
		TEST(test_durable_follows_commits),
		TEST(test_durable_from_a_cursor),
		TEST(test_durable_slow_reader),
		TEST(test_durable_reader_trouble),
		TEST(test_durable_large_entries),
		TEST(test_gone_while_read_for),
		TEST(test_both_streams_and_half_close),
		TEST(test_bad_subscriptions),
	};

	return cmocka_run_group_tests_name("rpc-events", tests, NULL, NULL);
}
