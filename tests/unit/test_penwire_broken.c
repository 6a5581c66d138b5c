/* SPDX-License-Identifier: MIT */
/* The Penwire driver against nobody, against others, and against pens that break the protocol. */
#include "fake_pen.h"

#define SECOND INT64_C(1000000)

/* ---- nobody there, or somebody else ---- */

static void test_nobody(void **state)
{
	struct fake_pen *f = fake_new();

	(void)state;
	core_start(&f->core);
	assert_int_equal(f->n_sent, 1);
	fake_run(f, 4 * SECOND);
	assert_int_equal(f->n_sent, 5);
	assert_int_equal(f->core.anomalies[ANOMALY_SILENCE], 0);
	fake_run(f, 6 * SECOND);
	assert_int_equal(f->n_sent, 6);
	assert_int_equal(f->core.anomalies[ANOMALY_SILENCE], 1);
	fake_run(f, 19 * SECOND);
	assert_false(f->core.done);
	fake_run(f, 2 * SECOND);
	assert_true(f->core.done);
	assert_int_equal(f->core.done_error, -ETIMEDOUT);
	assert_string_equal(f->core.done_why, "Nobody answers.");
	assert_int_equal(f->n_sent, fake_count(f, PW_MSG_HELLO));
	fake_free(f);
}

static void test_not_a_pen(void **state)
{
	struct fake_pen *f = fake_new();
	static const uint8_t text[] = "login: \r\nlogin: \r\n";

	(void)state;
	core_start(&f->core);
	for (unsigned i = 0; i < 31; i++) {
		core_bytes(&f->core, text, sizeof(text)); /* the closing zero is a delimiter */
		fake_run(f, SECOND);
	}
	assert_int_equal(f->core.done_error, -ETIMEDOUT);
	assert_non_null(strstr(f->core.done_why, "baud"));
	assert_true(f->core.anomalies[ANOMALY_NOISE] >= 30);
	fake_free(f);
}

static void test_other_version(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 1);

	(void)state;
	m.identity.version = 0;
	m.identity.version_min = 7;
	m.identity.version_max = 9;
	core_start(&f->core);
	fake_say(f, &m);
	assert_int_equal(f->core.done_error, -EPROTONOSUPPORT);
	assert_string_equal(f->core.done_why,
			    "The pen speaks Penwire 7 to 9; this program speaks 1.");
	assert_int_equal(f->core.identities, 0);
	fake_free(f);
}

static void test_another_serial(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 10);

	(void)state;
	fake_attach(f, 0, 10);
	fake_run(f, 4 * SECOND); /* silence: greeted again */
	assert_int_equal(f->core.anomalies[ANOMALY_SILENCE], 1);
	pw_text_put(m.identity.serial, "FAKE-0002");
	fake_say(f, &m);
	assert_int_equal(f->core.done_error, -EPROTO);
	assert_int_equal(f->core.identities, 1);
	fake_free(f);
}

/* Our own words come back: a plug that joins the two wires, or a half-duplex cable. */
static void test_echo(void **state)
{
	struct fake_pen *f = fake_new();

	(void)state;
	core_start(&f->core);
	for (unsigned i = 0; i < 40 && !f->core.done; i++) {
		const struct pw_msg *m = fake_heard(f, PW_MSG_HELLO);

		if (m)
			fake_say(f, m);
		fake_run(f, SECOND);
	}
	assert_true(f->core.anomalies[ANOMALY_BAD_MESSAGE] >= 5);
	assert_int_equal(f->core.done_error, -ETIMEDOUT);
	fake_free(f);
}

static void test_read_only(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 10), s = fake_status(5, 0, 10, 10);

	(void)state;
	f->core.read_only = true;
	core_start(&f->core);
	fake_say(f, &s);
	assert_int_equal(f->core.statuses, 0);
	fake_say(f, &m);
	fake_run(f, SECOND);
	assert_int_equal(f->core.identities, 1);
	fake_say(f, &s);
	assert_int_equal(f->core.statuses, 1);
	fake_records(f, 5, 10, 3, 0);
	fake_run(f, 100 * SECOND);
	assert_int_equal(f->core.records, 0);
	assert_int_equal(f->n_sent, 0);
	assert_false(f->core.done);
	assert_int_equal(f->core.driver->command(f->core.state, DRIVER_IDENTIFY, 1, f->core.now_us),
			 -EOPNOTSUPP);
	fake_free(f);
}

/* ---- pens that break the protocol ---- */

static void test_overrun(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read;

	(void)state;
	f->core.window = 10;
	read = fake_attach(f, 0, 100);
	assert_int_equal(read.from_seq, 0);
	assert_int_equal(read.limit_seq, 10);
	fake_records(f, read.read_id, 0, 20, 0);
	assert_int_equal(f->core.anomalies[ANOMALY_OVERRUN], 1);
	assert_int_equal(f->core.records,
			 10); /* what there is room for; core_on_records() checks it */
	fake_run(f, SECOND / 2);
	/* The rest is asked for again once there is room. */
	while (fake_heard(f, PW_MSG_READ))
		read = f->sent[f->seen - 1].read;
	assert_int_equal(read.from_seq, 10);
	assert_int_equal(read.limit_seq, 20);
	assert_true(read.read_id > 1);
	fake_free(f);
}

static void test_doubled_and_stale(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);

	(void)state;
	fake_records(f, read.read_id, 0, 5, 0);
	fake_records(f, read.read_id, 0, 5, 0);
	assert_int_equal(f->core.records, 5);
	assert_int_equal(f->core.anomalies[ANOMALY_DUPLICATE], 5);
	fake_records(f, read.read_id, 3, 5, 0); /* overlaps */
	assert_int_equal(f->core.records, 8);
	assert_int_equal(f->core.anomalies[ANOMALY_DUPLICATE], 7);
	fake_records(f, read.read_id + 1, 8, 5, 0); /* a stream that nobody asked for */
	assert_int_equal(f->core.records, 8);
	fake_records(f, read.read_id, 20, 5, 0); /* a gap: asked for again under another id */
	assert_int_equal(f->core.anomalies[ANOMALY_GAP], 12);
	assert_int_equal(fake_heard(f, PW_MSG_READ)->read.from_seq, 8);
	fake_records(f, read.read_id, 8, 5, 0); /* the old stream */
	assert_int_equal(f->core.records, 8);
	fake_records(f, read.read_id + 1, 8, 5, 0);
	assert_int_equal(f->core.records, 13);
	fake_free(f);
}

/* STATUS proves that the last records were lost on the way. */
static void test_lost_tail(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);
	struct pw_msg s = fake_status(read.read_id, 0, 100, 100);

	(void)state;
	fake_records(f, read.read_id, 0, 20, 0);
	fake_say(f, &s);
	assert_int_equal(f->core.anomalies[ANOMALY_GAP], 80);
	assert_int_equal(fake_heard(f, PW_MSG_READ)->read.from_seq, 20);
	fake_free(f);
}

/* The pen has forgotten the stream without a word. */
static void test_forgotten(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);
	struct pw_msg s = fake_status(0, 0, 100, 0);

	(void)state;
	fake_records(f, read.read_id, 0, 20, 0);
	fake_say(f, &s);
	read = fake_heard(f, PW_MSG_READ)->read;
	assert_int_equal(read.from_seq, 20);
	assert_int_equal(read.read_id, 2);
	fake_free(f);
}

static void test_unknown_types(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);
	uint8_t payload[64] = {0};
	struct core_record *kept;

	(void)state;
	fake_say_payload(f, 0x7e, payload, sizeof(payload));
	assert_int_equal(f->core.anomalies[ANOMALY_UNKNOWN_TYPE], 1);
	fake_record(f, PW_REC_BUTTON, 3, 1);
	fake_record(f, 200, 3, 2);
	fake_record(f, PW_REC_BUTTON, 3, 3);
	fake_records(f, read.read_id, 0, 3, 0);
	assert_int_equal(f->core.anomalies[ANOMALY_UNKNOWN_TYPE], 2);
	assert_int_equal(f->core.records, 3);
	kept = &f->core.log[0].record[1];
	assert_int_equal(kept->data[0], 200);
	assert_int_equal(f->core.anomalies[ANOMALY_BAD_MESSAGE], 0);
	fake_free(f);
}

/* A longer message than we know is read by its known part; a shorter one is none. */
static void test_longer_and_shorter(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);
	struct pw_msg s = fake_status(read.read_id, 0, 100, 0);
	uint8_t payload[PW_STATUS_SIZE + 9];
	size_t len;

	(void)state;
	memset(payload, 0x5a, sizeof(payload));
	assert_int_equal(pw_msg_encode(&s, payload, sizeof(payload), &len), PW_OK);
	fake_say_payload(f, PW_MSG_STATUS, payload, sizeof(payload));
	assert_int_equal(f->core.statuses, 1);
	fake_say_payload(f, PW_MSG_STATUS, payload, len - 1);
	assert_int_equal(f->core.statuses, 1);
	assert_int_equal(f->core.anomalies[ANOMALY_BAD_MESSAGE], 1);
	fake_free(f);
}

/* Answers each READ in the same wrong way for a while. Returns how often the host asked. */
static size_t insist(struct fake_pen *f,
		     void (*answer)(struct fake_pen *f, const struct pw_read *read), int64_t us)
{
	int64_t end_us = f->core.now_us + us;
	size_t asked = 0;

	while (f->core.now_us < end_us && !f->core.done) {
		struct pw_msg id = fake_identity(0, 100);

		while (f->seen < f->n_sent) {
			struct pw_msg *m = &f->sent[f->seen++];

			if (m->type == PW_MSG_HELLO)
				fake_say(f, &id);
			if (m->type != PW_MSG_READ)
				continue;
			asked++;
			answer(f, &m->read);
		}
		fake_run(f, 10000);
	}
	return asked;
}

/* Record 5 has a length that cannot be; the others are well. */
static void answer_malformed(struct fake_pen *f, const struct pw_read *read)
{
	for (uint64_t seq = read->from_seq; seq < MIN(read->limit_seq, UINT64_C(10)); seq++) {
		fake_record(f, PW_REC_BUTTON, 3, seq);
		if (seq == 5)
			f->data[f->len - PW_REC_BUTTON_SIZE - PW_REC_HEAD + 3] = 0xff;
	}
	fake_records(f, read->read_id, read->from_seq, (uint32_t)(10 - read->from_seq), 0);
}

static void test_malformed_record(void **state)
{
	struct fake_pen *f = fake_new();

	(void)state;
	fake_attach(f, 0, 10);
	f->seen--;
	assert_true(insist(f, answer_malformed, 60 * SECOND) < 40);
	assert_int_equal(f->core.log[0].durable, 10);
	assert_int_equal(f->core.log[0].lost, 1);
	assert_null(f->core.log[0].record[5].data);
	assert_int_equal(f->core.anomalies[ANOMALY_BAD_MESSAGE], 4);
	fake_free(f);
}

/* The pen cannot read record 7 of its flash. */
static void answer_rotten(struct fake_pen *f, const struct pw_read *read)
{
	if (read->from_seq < 7) {
		fake_records(f, read->read_id, read->from_seq, (uint32_t)(7 - read->from_seq), 0);
		fake_refuse(f, PW_REFUSED_STORE, PW_MSG_READ, read->read_id, 7);
	} else if (read->from_seq == 7) {
		fake_refuse(f, PW_REFUSED_STORE, PW_MSG_READ, read->read_id, 7);
	} else {
		fake_records(f, read->read_id, 8, 2, 0);
	}
}

static void test_rotten_record(void **state)
{
	struct fake_pen *f = fake_new();

	(void)state;
	fake_attach(f, 0, 10);
	f->seen--;
	insist(f, answer_rotten, 60 * SECOND);
	assert_int_equal(f->core.log[0].durable, 10);
	assert_int_equal(f->core.log[0].lost, 1);
	assert_null(f->core.log[0].record[7].data);
	fake_free(f);
}

/* The pen begins at 4, wherever it is asked to. */
static void answer_elsewhere(struct fake_pen *f, const struct pw_read *read)
{
	fake_records(f, read->read_id, MAX(read->from_seq, UINT64_C(4)), 3, 0);
}

static void test_starts_elsewhere(void **state)
{
	struct fake_pen *f = fake_new();

	(void)state;
	fake_attach(f, 0, 10);
	f->seen--;
	insist(f, answer_elsewhere, 5 * SECOND);
	assert_int_equal(f->core.log[0].lost, 4);
	assert_true(f->core.log[0].durable >= 7);
	fake_free(f);
}

static void answer_value(struct fake_pen *f, const struct pw_read *read)
{
	fake_refuse(f, PW_REFUSED_VALUE, PW_MSG_READ, read->read_id, 0);
}
static void answer_log(struct fake_pen *f, const struct pw_read *read)
{
	fake_refuse(f, PW_REFUSED_LOG, PW_MSG_READ, read->read_id, 1);
}
static void answer_gone(struct fake_pen *f, const struct pw_read *read)
{
	fake_refuse(f, PW_REFUSED_GONE, PW_MSG_READ, read->read_id, read->from_seq + 1);
}
static void answer_unknown(struct fake_pen *f, const struct pw_read *read)
{
	fake_refuse(f, 99, PW_MSG_READ, read->read_id, 0);
}
static void answer_other_boot(struct fake_pen *f, const struct pw_read *read)
{
	struct pw_msg s = fake_status(read->read_id, 0, 100, read->from_seq);

	s.status.boot = 4;
	fake_say(f, &s);
}
static void answer_sent_more(struct fake_pen *f, const struct pw_read *read)
{
	struct pw_msg s = fake_status(read->read_id, 0, 100, read->from_seq + 50);

	fake_say(f, &s);
}
static void answer_nothing(struct fake_pen *f, const struct pw_read *read)
{
	(void)f;
	(void)read;
}
static void answer_noise(struct fake_pen *f, const struct pw_read *read)
{
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + read->read_id) % 251;
	core_bytes(&f->core, bytes, sizeof(bytes));
}

/* Ten minutes with a pen that is broken for good: neither a flood of requests nor of commits, and
 * no end of trying. */
static void test_broken_for_good(void **state)
{
	static void (*const answers[])(struct fake_pen * f, const struct pw_read *read) = {
		answer_value,	   answer_log,	     answer_gone,    answer_unknown,
		answer_other_boot, answer_sent_more, answer_nothing, answer_noise,
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
		struct fake_pen *f = fake_new();
		size_t asked;

		fake_attach(f, 0, 100);
		f->seen--;
		asked = insist(f, answers[i], 600 * SECOND);
		assert_in_range(asked, 40, 700);
		assert_true(f->core.identities <= 300);
		assert_int_equal(f->core.records, 0);
		assert_int_equal(f->core.log[0].lost, 0);
		fake_free(f);
	}
}

static void test_no_room(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 10);
	int64_t asked_us;

	(void)state;
	f->full = true;
	core_start(&f->core);
	fake_run(f, 500000);
	assert_int_equal(f->n_sent, 0);
	f->full = false;
	fake_run(f, 100000);
	assert_int_equal(fake_count(f, PW_MSG_HELLO), 1);
	f->full = true;
	fake_say(f, &m);
	fake_run(f, 300000);
	assert_int_equal(fake_count(f, PW_MSG_PING), 0);
	f->full = false;
	asked_us = f->core.now_us;
	fake_run(f, 100000);
	/* The time in a ping is that of its sending. */
	assert_true(fake_heard(f, PW_MSG_PING)->ping.host_us >= (uint64_t)asked_us);
	fake_free(f);
}

static void test_stale_pong(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 10), pong = {.type = PW_MSG_PONG};
	const struct pw_msg *ping;

	(void)state;
	core_start(&f->core);
	fake_say(f, &m);
	fake_run(f, 10000);
	ping = fake_heard(f, PW_MSG_PING);
	assert_non_null(ping);
	pong.pong = (struct pw_pong){
		.ping_id = ping->ping.ping_id, .tick_us = 50, .sent_us = 60, .boot = 3};
	pong.pong.host_us = 4000000; /* from before this connection */
	fake_say(f, &pong);
	pong.pong.host_us = ping->ping.host_us;
	pong.pong.ping_id++;
	fake_say(f, &pong);
	assert_int_equal(f->core.samples, 0);
	pong.pong.ping_id--;
	fake_say(f, &pong);
	assert_int_equal(f->core.samples, 1);
	assert_int_equal(f->core.last_sample.tick_us, 55);
	fake_say(f, &pong); /* doubled */
	assert_int_equal(f->core.samples, 1);
	fake_free(f);
}

/* The cursor is ahead of the identity because another cable has read the pen meanwhile: no fork. */
static void test_cursor_ahead(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_msg m = fake_identity(0, 10);
	struct driver_cursor cursor = {.log_id = FAKE_LOG_ID, .next_seq = 15, .host_id = 1};

	(void)state;
	core_start(&f->core);
	fake_say(f, &m);
	f->core.cursor_us = INT64_MAX;
	f->core.driver->cursor(f->core.state, &cursor, f->core.now_us);
	assert_int_equal(f->core.forks, 0);
	assert_int_equal(fake_count(f, PW_MSG_HELLO), 2);
	m.identity.next_seq = 20;
	fake_say(f, &m);
	assert_int_equal(f->core.identities, 1);
	fake_refuse(f, PW_REFUSED_TYPE, PW_MSG_PING, 0, 0);
	assert_int_equal(fake_heard(f, PW_MSG_READ)->read.from_seq, 15);
	fake_free(f);
}

/* A pen that knows neither ACK nor IDENTIFY is not bothered with them again. */
static void test_refused_extras(void **state)
{
	struct fake_pen *f = fake_new();
	struct pw_read read = fake_attach(f, 0, 100);

	(void)state;
	fake_records(f, read.read_id, 0, 5, 0);
	fake_run(f, 100000);
	assert_int_equal(fake_count(f, PW_MSG_ACK), 1);
	fake_refuse(f, PW_REFUSED_TYPE, PW_MSG_ACK, 0, 0);
	fake_records(f, read.read_id, 5, 5, 0);
	fake_run(f, 100000);
	assert_int_equal(fake_count(f, PW_MSG_ACK), 1);
	assert_int_equal(
		f->core.driver->command(f->core.state, DRIVER_IDENTIFY, 500, f->core.now_us), 0);
	assert_int_equal(fake_count(f, PW_MSG_IDENTIFY), 1);
	fake_refuse(f, PW_REFUSED_TYPE, PW_MSG_IDENTIFY, 0, 0);
	assert_int_equal(
		f->core.driver->command(f->core.state, DRIVER_IDENTIFY, 500, f->core.now_us),
		-EOPNOTSUPP);
	assert_int_equal(f->core.anomalies[ANOMALY_REFUSED], 3);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_not_a_pen),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_another_serial),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_doubled_and_stale),
		cmocka_unit_test(test_lost_tail),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_unknown_types),
		cmocka_unit_test(test_longer_and_shorter),
		cmocka_unit_test(test_malformed_record),
		cmocka_unit_test(test_rotten_record),
		cmocka_unit_test(test_starts_elsewhere),
		cmocka_unit_test(test_broken_for_good),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_stale_pong),
		cmocka_unit_test(test_cursor_ahead),
		cmocka_unit_test(test_refused_extras),
	};

	return cmocka_run_group_tests_name("penwire-broken", tests, NULL, NULL);
}
