/* SPDX-License-Identifier: MIT */
/* Findings as they arise: looked for after each commit and when their moment comes, written down,
 * then told, once; and what happens when one of that fails. */
#include "rpc_fake.h"

static struct warn *warn;

static int start(void **state)
{
	fake_start(state);
	fake_add_pen("AA-1");
	warn = &fake.server->events.warn;
	return 0;
}

static struct peer_end listener(void)
{
	struct peer_end p = peer_connect();

	json_decref(peer_ask(&p, "events.subscribe", "{\"streams\":[\"live\"]}"));
	return p;
}

static size_t lines_here(struct peer_end *p)
{
	size_t n = 0;

	for (fake_settle(); peer_read(p); fake_settle())
		;
	for (size_t i = 0; i < p->len; i++)
		n += p->in[i] == '\n';
	return n;
}

/* ---- the reader and the writer ---- */

#define FINDING(name, is_new)                                                                      \
	"{\"finding\":\"" name                                                                     \
	"\",\"rule\":\"consent-late\",\"severity\":\"critical\",\"session\":3,"                    \
	"\"client\":2,\"pen\":1,\"serial\":\"AA-1\",\"at_us\":5000000,\"says\":\"The needle "      \
	"ran.\",\"does\":\"Stop.\",\"new\":" is_new "}"

#define ANSWER(entry, changed, keep, due_us, findings)                                             \
	"{\"entry\":" entry ",\"changed\":" changed ",\"keep\":" keep ",\"due_us\":" due_us        \
	",\"sessions\":[3],\"findings\":[" findings "]}"

/* The reader's answer to the round that is on its way; its question was about what is after
 * @after. */
static void reader_says(int64_t after, const char *answer)
{
	struct db_job *job = fake.audit_job;

	assert_non_null(job);
	fake.audit_job = NULL;
	assert_int_equal(job->value[0].set ? job->value[0].i : -1, after);
	job->result = 0;
	buf_adds(&job->out, answer);
	job->done(job, job->ctx);
	fake_settle();
}

static void reader_fails(int result)
{
	struct db_job *job = fake.audit_job;

	assert_non_null(job);
	fake.audit_job = NULL;
	job->result = result;
	job->done(job, job->ctx);
	fake_settle();
}

static void writer_says(int result)
{
	struct db_msg *msg = fake_take_msg();

	assert_non_null(msg);
	assert_int_equal(msg->op, DB_SEEN);
	msg->result = result;
	msg->done(msg, msg->ctx);
	fake_settle();
}

static bool is_armed(sd_event_source *source)
{
	int enabled = 0;

	assert_true(sd_event_source_get_enabled(source, &enabled) >= 0);
	return enabled == SD_EVENT_ONESHOT;
}

/* Half a second that need not be waited for. */
static void time_passes(sd_event_source *source)
{
	assert_true(is_armed(source));
	assert_int_equal(sd_event_source_set_time(source, 1), 0);
	fake_settle();
}

/* ---- the tests ---- */

static void test_written_then_told(void **state UNUSED)
{
	struct peer_end p = listener();
	json_t *line;
	const json_t *params, *data;

	reader_says(-1, ANSWER("7", "true", "true", "0",
			       FINDING("consent-late/session=3",
				       "true") "," FINDING("age/session=3", "false")));
	assert_int_equal(lines_here(&p), 0);
	assert_non_null(fake.msg);
	assert_true(fake.msg->urgent);
	assert_non_null(strstr(fake.msg->seen.told, "\"age/session=3\""));
	writer_says(0);
	assert_int_equal(lines_here(&p), 1);
	line = peer_line(&p);
	params = json_object_get(line, "params");
	data = json_object_get(params, "data");
	assert_string_equal(json_string_value(json_object_get(params, "kind")), "audit.finding");
	assert_string_equal(json_string_value(json_object_get(params, "pen")), "AA-1");
	assert_string_equal(json_string_value(json_object_get(data, "finding")),
			    "consent-late/session=3");
	assert_int_equal(json_integer_value(json_object_get(data, "session")), 3);
	assert_string_equal(json_string_value(json_object_get(data, "do")), "Stop.");
	assert_string_equal(json_string_value(json_object_get(data, "at")),
			    "1970-01-01T00:00:05.000000Z");
	json_decref(line);
	peer_close(&p);
}

static void test_nothing_to_keep(void **state UNUSED)
{
	reader_says(-1, ANSWER("7", "false", "false", "0", ""));
	assert_null(fake.msg);
	assert_null(fake.audit_job);
	fake_commit(9);
	reader_says(7, ANSWER("9", "false", "true", "0", ""));
	assert_non_null(fake.msg);
	assert_false(fake.msg->urgent); /* it is about the cursor alone */
	writer_says(0);
	fake_commit(10);
	reader_says(9, ANSWER("10", "false", "false", "0", ""));
}

/* What a lot met is looked at round by round, without any commit, and other things go on meanwhile. */
static void test_a_few_at_a_time(void **state UNUSED)
{
	struct peer_end p = listener();
	struct db_job *job;

	reader_says(-1, "{\"entry\":6,\"changed\":true,\"keep\":true,\"due_us\":0,\"sessions\":[3],"
			"\"findings\":[" FINDING(
				"age/session=3",
				"true") "],"
					"\"rest\":{\"after\":9,\"lots\":6,\"met\":40}}");
	writer_says(-ENOSPC); /* the same once more */
	time_passes(warn->retry);
	job = fake.audit_job;
	assert_false(job->value[1].set || job->value[2].set);
	reader_says(-1, "{\"entry\":6,\"changed\":true,\"keep\":true,\"due_us\":0,\"sessions\":[3],"
			"\"findings\":[" FINDING(
				"age/session=3",
				"true") "],"
					"\"rest\":{\"after\":9,\"lots\":6,\"met\":40}}");
	writer_says(0);
	assert_int_equal(lines_here(&p), 1);
	job = fake.audit_job;
	assert_true(job->value[1].set && job->value[2].set);
	assert_int_equal(job->value[1].i, 6);
	assert_int_equal(job->value[2].i, 40);
	/* nothing to keep: on at once, too */
	reader_says(9, "{\"entry\":6,\"changed\":false,\"keep\":false,\"due_us\":0,\"sessions\":[],"
		       "\"findings\":[],\"rest\":{\"after\":11,\"lots\":6,\"met\":80}}");
	job = fake.audit_job;
	assert_int_equal(job->value[2].i, 80);
	reader_says(11, ANSWER("11", "false", "false", "0", ""));
	assert_null(fake.audit_job);
	fake_commit(12);
	job = fake.audit_job;
	assert_false(job->value[1].set || job->value[2].set);
	reader_says(11, ANSWER("12", "false", "false", "0", ""));
	assert_null(fake.audit_job);
	peer_close(&p);
}

/* What comes meanwhile is for one more round, not for as many as there were. */
static void test_one_round_at_a_time(void **state UNUSED)
{
	struct db_job *first = fake.audit_job;

	fake_commit(8);
	fake_commit(9);
	assert_ptr_equal(fake.audit_job, first);
	reader_says(-1, ANSWER("7", "true", "true", "0", FINDING("age/session=3", "true")));
	fake_commit(10);
	assert_null(fake.audit_job); /* the writer has not answered yet */
	writer_says(0);
	reader_says(7, ANSWER("10", "false", "false", "0", ""));
	assert_null(fake.audit_job);
	assert_false(is_armed(warn->retry));
}

static void test_reading_fails(void **state UNUSED)
{
	reader_fails(-EIO);
	assert_null(fake.audit_job);
	time_passes(warn->retry);
	reader_says(-1, ANSWER("7", "false", "false", "0", ""));
	fake_commit(8);
	reader_says(7, "no JSON");
	time_passes(warn->retry);
	reader_says(7, ANSWER("8", "false", "false", "0", ""));
	assert_false(is_armed(warn->retry));
	/* the reader takes nothing more in for now */
	fake.audit_refused = -EBUSY;
	fake_commit(9);
	assert_null(fake.audit_job);
	fake.audit_refused = 0;
	time_passes(warn->retry);
	reader_says(8, ANSWER("9", "false", "false", "0", ""));
}

/* What is not written down is not told: after a restart it would be told again. */
static void test_writing_fails(void **state UNUSED)
{
	struct peer_end p = listener();

	reader_says(-1, ANSWER("7", "true", "true", "0", FINDING("age/session=3", "true")));
	writer_says(-ENOSPC);
	assert_int_equal(lines_here(&p), 0);
	time_passes(warn->retry);
	reader_says(-1, ANSWER("7", "true", "true", "0", FINDING("age/session=3", "true")));
	writer_says(0);
	assert_int_equal(lines_here(&p), 1);
	peer_close(&p);
}

/* A session becomes long without any commit. */
static void test_time_alone(void **state UNUSED)
{
	char answer[512];
	uint64_t at;

	assert_false(is_armed(warn->due));
	snprintf(answer, sizeof(answer), ANSWER("7", "false", "false", "%lld", ""),
		 (long long)now_utc_us() + USEC_PER_DAY);
	reader_says(-1, answer);
	assert_true(is_armed(warn->due));
	assert_true(sd_event_source_get_time(warn->due, &at) >= 0);
	assert_true(at > (uint64_t)now_utc_us());
	assert_null(fake.audit_job);
	time_passes(warn->due);
	/* also when there is something to write down first */
	reader_says(7,
		    ANSWER("7", "true", "true", "99", FINDING("session-long/session=3", "true")));
	assert_false(is_armed(warn->due));
	writer_says(0); /* that moment has passed already */
	reader_says(7, ANSWER("7", "false", "false", "0", ""));
	assert_false(is_armed(warn->due));
	assert_null(fake.audit_job);
}

/* The server goes while the reader, or the writer, has the round. */
static void test_end_while_reading(void **state UNUSED)
{
	assert_non_null(fake.audit_job);
}

static void test_end_while_writing(void **state UNUSED)
{
	reader_says(-1, ANSWER("7", "true", "true", "0", FINDING("age/session=3", "true")));
	assert_non_null(fake.msg);
}

static void test_end_while_waiting(void **state UNUSED)
{
	reader_fails(-EIO);
	assert_true(is_armed(warn->retry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WARN_TEST(name) cmocka_unit_test_setup_teardown(name, start, fake_stop)
		WARN_TEST(test_written_then_told), WARN_TEST(test_nothing_to_keep),
		WARN_TEST(test_a_few_at_a_time),   WARN_TEST(test_one_round_at_a_time),
		WARN_TEST(test_reading_fails),	   WARN_TEST(test_writing_fails),
		WARN_TEST(test_time_alone),	   WARN_TEST(test_end_while_reading),
		WARN_TEST(test_end_while_writing), WARN_TEST(test_end_while_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
