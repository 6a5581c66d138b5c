/* SPDX-License-Identifier: MIT */
/* The pen's side of the conversation. */
#include "pen_rig.h"

static void test_identity(void **state)
{
	struct rig *r = rig_new(4096, 4);
	const struct pw_identity *id;

	(void)state;
	assert_int_equal(hear(r), 0); /* speaks only when spoken to */
	r->now = 5 * SECOND;
	say_hello(r);
	assert_int_equal(hear(r), 1);
	id = &only(r, PW_MSG_IDENTITY)->identity;
	assert_int_equal(id->version, 1);
	assert_int_equal(id->boot, 1);
	assert_int_equal(id->tick_us, r->now);
	assert_int_equal(id->log_id, LOG_A);
	assert_int_equal(id->first_seq, 0);
	assert_int_equal(id->next_seq, 1);
	assert_memory_equal(id->serial, "EX-0001\0", 8);

	/* No version in common: says so, and then nothing more until a better HELLO. */
	say(r,
	    &(struct pw_msg){.type = PW_MSG_HELLO, .hello = {.version_min = 2, .version_max = 9}});
	assert_int_equal(hear(r), 1);
	assert_int_equal(only(r, PW_MSG_IDENTITY)->identity.version, 0);
	say_read(r, 1, 0, 10, 0);
	assert_int_equal(hear(r), 0);
	/* Not even that it is wrong: in the version that it speaks it may be right. */
	say_raw(r, PW_MSG_READ, "", 0);
	say_raw(r, 0x3f, "", 0);
	assert_int_equal(hear(r), 0);
	say_hello(r);
	assert_int_equal(hear(r), 1);
	say_read(r, 1, 0, 10, 0);
	assert_int_equal(hear(r), 2);
	rig_free(r);
}

static void test_conversation(void **state)
{
	struct rig *r = rig_new(4096, 8);
	const struct pw_status *status;
	uint64_t seq = 0, limit = 3, before;

	(void)state;
	for (int i = 0; i < 10; i++)
		whole_run(r, 300);
	say_hello(r);
	hear(r);
	say_read(r, 7, 0, limit, 200);
	hear(r);
	status = &only(r, PW_MSG_STATUS)->status;
	assert_int_equal(r->heard[0].msg.type, PW_MSG_STATUS);
	assert_int_equal(status->read_id, 7);
	assert_int_equal(status->next_seq, r->pen.log.next_seq);
	assert_int_equal(status->battery_percent, PW_UNKNOWN_U8);
	while (seq < r->pen.log.next_seq) {
		match_records(r, 7, &seq);
		/* Never beyond the credit, always as far as it goes. */
		assert_int_equal(seq, limit < r->pen.log.next_seq ? limit : r->pen.log.next_seq);
		limit += 5;
		say_read(r, 7, 0, limit, 200);
		hear(r);
		assert_int_equal(count(r, PW_MSG_STATUS), 1);
	}
	say(r, &(struct pw_msg){.type = PW_MSG_ACK,
				.ack = {.log_id = LOG_A, .next_seq = seq, .host_id = HOST}});
	assert_int_equal(hear(r), 0);
	assert_int_equal(pw_log_acked(&r->pen.log), seq);

	/* Live. */
	say_read(r, 7, 0, limit + 100, 200);
	hear(r);
	assert_int_equal(pw_pen_run_start(&r->pen, r->now, 7500, 350), PW_OK);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), r->now);
	hear(r);
	assert_true(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_RUNNING);
	match_records(r, 7, &seq);
	before = seq;
	for (int i = 0; i < 40; i++) {
		cycles(r, 3 * i, 3);
		hear(r);
		match_records(r, 7, &seq);
	}
	/* A second of cycles in records of 200 ms and the three cycles after which we look. */
	assert_in_range(seq, before + 4, before + 5);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	hear(r);
	assert_false(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_RUNNING);
	match_records(r, 7, &seq);
	assert_int_equal(seq, r->pen.log.next_seq);
	rig_free(r);
}

static void test_frames_are_filled(void **state)
{
	struct rig *r = rig_new(4096, 8);
	uint64_t seq = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS), PW_OK);
	say_read(r, 1, 0, 1000, 0);
	hear(r);
	/* A boot record of 52 bytes and 100 buttons of 20 in frames of 992. */
	assert_int_equal(count(r, PW_MSG_RECORDS), 3);
	match_records(r, 1, &seq);
	assert_int_equal(seq, 101);
	rig_free(r);
}

static void expect_refusal(struct rig *r, uint8_t reason, uint8_t about, uint32_t read_id,
			   uint64_t detail)
{
	const struct pw_refused *refused;

	assert_int_equal(hear(r), 1);
	refused = &only(r, PW_MSG_REFUSED)->refused;
	assert_int_equal(refused->reason, reason);
	assert_int_equal(refused->about, about);
	assert_int_equal(refused->read_id, read_id);
	assert_int_equal(refused->detail, detail);
}

static void test_refusals(void **state)
{
	struct rig *r = rig_new(1024, 3);
	struct pw_msg read = {.type = PW_MSG_READ,
			      .read = {.read_id = 5, .log_id = 99, .limit_seq = 100}};
	uint8_t payload[64] = {0};
	size_t len;

	(void)state;
	for (int i = 0; i < 300; i++)
		pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	assert_true(r->pen.log.first_seq > 0);
	say(r, &read);
	expect_refusal(r, PW_REFUSED_LOG, PW_MSG_READ, 5, LOG_A);
	say_read(r, 6, r->pen.log.first_seq - 1, 1000, 0);
	expect_refusal(r, PW_REFUSED_GONE, PW_MSG_READ, 6, r->pen.log.first_seq);
	say_read(r, 7, r->pen.log.next_seq + 1, 1000, 0);
	expect_refusal(r, PW_REFUSED_AHEAD, PW_MSG_READ, 7, r->pen.log.next_seq);

	/* Fields out of range, by the offset of each. */
	read.read = (struct pw_read){.read_id = 8, .log_id = LOG_A, .limit_seq = 100};
	assert_int_equal(pw_msg_encode(&read, payload, sizeof(payload), &len), PW_OK);
	pw_put32(payload, 0);
	say_raw(r, PW_MSG_READ, payload, len);
	expect_refusal(r, PW_REFUSED_VALUE, PW_MSG_READ, 0, 0);
	pw_put32(payload, 8);
	pw_put64(payload + 16, 101);
	say_raw(r, PW_MSG_READ, payload, len);
	expect_refusal(r, PW_REFUSED_VALUE, PW_MSG_READ, 8, 24);
	pw_put64(payload + 16, UINT64_MAX);
	say_raw(r, PW_MSG_READ, payload, len);
	expect_refusal(r, PW_REFUSED_VALUE, PW_MSG_READ, 8, 16);
	say_raw(r, PW_MSG_READ, payload, PW_READ_SIZE - 1);
	expect_refusal(r, PW_REFUSED_VALUE, PW_MSG_READ, 8, PW_READ_SIZE - 1);
	assert_int_equal(r->pen.bad_messages, 4);

	say_raw(r, 0x3f, payload, 3);
	expect_refusal(r, PW_REFUSED_TYPE, 0x3f, 0, 0);
	/* Its own messages come back from a looped cable: no answer, or it would never end. */
	say_raw(r, PW_MSG_REFUSED, payload, PW_REFUSED_SIZE);
	say_raw(r, 0x7f, payload, 3);
	assert_int_equal(hear(r), 0);
	assert_int_equal(r->pen.unknown_messages, 3);

	say(r, &(struct pw_msg){.type = PW_MSG_ACK,
				.ack = {.log_id = 99, .next_seq = 1, .host_id = HOST}});
	expect_refusal(r, PW_REFUSED_LOG, PW_MSG_ACK, 0, LOG_A);
	say(r, &(struct pw_msg){.type = PW_MSG_ACK,
				.ack = {.log_id = LOG_A, .next_seq = 5000, .host_id = HOST}});
	expect_refusal(r, PW_REFUSED_AHEAD, PW_MSG_ACK, 0, r->pen.log.next_seq);
	assert_int_equal(pw_log_acked(&r->pen.log), 0);
	rig_free(r);
}

static void test_unknown_tail_and_noise(void **state)
{
	struct rig *r = rig_new(4096, 2);
	uint8_t payload[40] = {0};
	const uint8_t noise[] = {0x41, 0x54, 0x0d, 0x00, 0x05, 0x00, 0x00, 0xff, 0x01};

	(void)state;
	/* A newer host's longer message is read by its known part. */
	payload[0] = 1;
	payload[1] = 200;
	memset(payload + PW_HELLO_SIZE, 0xee, sizeof(payload) - PW_HELLO_SIZE);
	say_raw(r, PW_MSG_HELLO, payload, sizeof(payload));
	assert_int_equal(hear(r), 1);
	assert_int_equal(only(r, PW_MSG_IDENTITY)->identity.version, PW_VERSION);
	/* Firmware never answers AT. */
	pw_pen_input(&r->pen, noise, sizeof(noise), r->now);
	assert_int_equal(hear(r), 0);
	pw_pen_input(&r->pen, (const uint8_t[]){0}, 1, r->now);
	say_hello(r);
	assert_int_equal(hear(r), 1);
	rig_free(r);
}

static void test_hello_ends_the_stream(void **state)
{
	struct rig *r = rig_new(4096, 4);

	(void)state;
	whole_run(r, 3000);
	say_read(r, 1, 0, 1000, 0);
	say_hello(r);
	assert_int_equal(hear(r), 1);
	assert_int_equal(r->heard[0].msg.type, PW_MSG_IDENTITY);
	r->now += 3 * SECOND;
	assert_int_equal(hear(r), 0);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), UINT64_MAX);
	rig_free(r);
}

static void test_new_read_replaces_the_old(void **state)
{
	struct rig *r = rig_new(4096, 4);
	uint64_t seq = 2;

	(void)state;
	whole_run(r, 3000);
	say_read(r, 1, 0, 1000, 0);
	say_read(r, 2, 2, 5, 0);
	hear(r);
	match_records(r, 2, &seq);
	assert_int_equal(seq, 5);
	/* One that is refused leaves no stream. */
	say_read(r, 3, r->pen.log.next_seq + 1, 10000, 0);
	say_read(r, 2, 2, 1000, 0);
	hear(r);
	assert_int_equal(count(r, PW_MSG_REFUSED), 1);
	assert_true(count(r, PW_MSG_RECORDS) > 0); /* 2 is new again: it starts over */
	seq = 2;
	match_records(r, 2, &seq);
	rig_free(r);
}

static void test_order(void **state)
{
	static const uint8_t order[] = {PW_MSG_PONG, PW_MSG_REFUSED, PW_MSG_IDENTITY, PW_MSG_STATUS,
					PW_MSG_RECORDS};
	struct rig *r = rig_new(4096, 4);
	const struct pw_pong *pong;

	(void)state;
	say_hello(r);
	say_read(r, 1, 0, 1, 0);
	say_raw(r, 0x3e, NULL, 0);
	say(r, &(struct pw_msg){.type = PW_MSG_PING, .ping = {.ping_id = 11, .host_us = 77}});
	r->now += 250;
	assert_int_equal(hear(r), sizeof(order));
	for (size_t i = 0; i < sizeof(order); i++)
		assert_int_equal(r->heard[i].msg.type, order[i]);
	pong = &only(r, PW_MSG_PONG)->pong;
	assert_int_equal(pong->ping_id, 11);
	assert_int_equal(pong->host_us, 77);
	assert_int_equal(pong->tick_us, r->now - 250);
	assert_int_equal(pong->sent_us, r->now);
	assert_int_equal(pong->boot, 1);
	rig_free(r);
}

static void test_wrap_during_read(void **state)
{
	struct rig *r = rig_new(1024, 4);
	uint64_t seq = 0, first;

	(void)state;
	say_read(r, 1, 0, 1, 0);
	hear(r);
	match_records(r, 1, &seq);
	assert_int_equal(seq, 1);
	/* The reader gives no credit while the ring goes round. */
	for (int i = 0; i < 500; i++)
		pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	first = r->pen.log.first_seq;
	assert_true(first > 100);
	say_read(r, 1, 0, first - 1, 0);
	hear(r);
	/* Nothing left of what the credit covers; STATUS says so. */
	assert_int_equal(count(r, PW_MSG_RECORDS), 0);
	assert_int_equal(only(r, PW_MSG_STATUS)->status.first_seq, first);
	say_read(r, 1, 0, 10000, 0);
	hear(r);
	seq = first;
	match_records(r, 1, &seq);
	assert_int_equal(seq, r->pen.log.next_seq);
	rig_free(r);
}

static void test_rotten_record_ends_the_stream(void **state)
{
	struct rig *r = rig_new(4096, 2);
	const struct pw_refused *refused;
	uint64_t seq = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	/* A bit of the third button record, found by its content. */
	for (size_t i = 0, n = 0; i + 17 < 2 * 4096; i++)
		if (r->flash.mem[i] == PW_REC_BUTTON && r->flash.mem[i + 2] == PW_REC_BUTTON_SIZE &&
		    r->flash.mem[i + 4] == 1 && ++n == 3)
			r->flash.mem[i + 17] ^= 1;
	say_read(r, 1, 0, 100, 0);
	hear(r);
	match_records(r, 1, &seq);
	assert_int_equal(seq, 3);
	refused = &only(r, PW_MSG_REFUSED)->refused;
	assert_int_equal(refused->reason, PW_REFUSED_STORE);
	assert_int_equal(refused->read_id, 1);
	assert_int_equal(refused->detail, 3);
	say_read(r, 2, 4, 100, 0);
	hear(r);
	seq = 4;
	match_records(r, 2, &seq);
	assert_int_equal(seq, 11);
	rig_free(r);
}

static void test_flush(void **state)
{
	struct rig *r = rig_new(4096, 16);
	uint64_t next;

	(void)state;
	/* Nobody reads: records are as full as they get. */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	next = r->pen.log.next_seq;
	cycles(r, 0, PW_CYCLES_REC_MAX - 1);
	hear(r);
	assert_int_equal(r->pen.log.next_seq, next);
	cycles(r, PW_CYCLES_REC_MAX - 1, 1);
	assert_int_equal(r->pen.log.next_seq, ++next);

	/* A reader that is behind gets no small records either. */
	say_read(r, 1, 0, 1, 100);
	cycles(r, 128, 40);
	hear(r);
	assert_int_equal(r->pen.log.next_seq, next);

	/* At the end: what is older than flush_ms is written, at once and from then on. */
	say_read(r, 1, 0, 1000, 100);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), r->now);
	hear(r);
	assert_int_equal(count(r, PW_MSG_RECORDS), 2);
	assert_int_equal(r->pen.log.next_seq, ++next);
	cycles(r, 168, 5);
	assert_int_equal(hear(r), 0);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), r->pen.fill_tick_us + 100000);
	/* The needle stands still: the time comes all the same. */
	r->now = r->pen.fill_tick_us + 99999;
	assert_int_equal(hear(r), 0);
	r->now++;
	assert_int_equal(hear(r), 1);
	assert_int_equal(r->pen.log.next_seq, ++next);

	/* 0 leaves it to the pen, which keeps records large. */
	say_read(r, 2, next, 1000, 0);
	hear(r);
	cycles(r, 173, 60);
	hear(r);
	assert_int_equal(r->pen.log.next_seq, next);
	rig_free(r);
}

static void test_status_when_due(void **state)
{
	struct rig *r = rig_new(4096, 4);
	const struct pw_pen_sensors sensors = {.flags = PW_STATUS_CHARGING | PW_STATUS_RUNNING,
					       .battery_percent = 81,
					       .motor_mv = 7500,
					       .motor_ma = 640,
					       .temperature_cc = 3100};
	const struct pw_status *status;
	uint64_t began;

	(void)state;
	pw_pen_sensors(&r->pen, &sensors);
	say_read(r, 1, 0, 100, 0);
	hear(r);
	/* A STATUS follows the records by a second; then the pen is at rest: silent, but for a
	 * ping's sake. */
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), r->now + SECOND);
	r->now += SECOND;
	assert_int_equal(hear(r), 1);
	assert_int_equal(only(r, PW_MSG_STATUS)->status.sent_seq, 1);
	began = r->now;
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), began + PW_STATUS_IDLE_US);
	r->now = began + PW_STATUS_IDLE_US - 1;
	assert_int_equal(hear(r), 0);
	r->now++;
	assert_int_equal(hear(r), 1);
	status = &only(r, PW_MSG_STATUS)->status;
	assert_int_equal(status->flags,
			 PW_STATUS_CHARGING); /* RUNNING is not the sensors' to say */
	assert_int_equal(status->battery_percent, 81);
	assert_int_equal(status->motor_mv, 7500);
	assert_int_equal(status->motor_ma, 640);
	assert_int_equal(status->temperature_cc, 3100);
	assert_int_equal(status->sent_seq, 1);
	assert_int_equal(status->tick_us, r->now);
	assert_int_equal(status->boot, 1);
	say(r, &(struct pw_msg){.type = PW_MSG_PING, .ping = {.ping_id = 1}});
	assert_int_equal(hear(r), 2);
	assert_non_null(only(r, PW_MSG_STATUS));

	/* While the motor runs it speaks every second. */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	hear(r);
	began = r->now;
	for (int i = 1; i <= 9; i++) {
		assert_int_equal(pw_pen_next_us(&r->pen, r->now), began + i * SECOND);
		r->now = began + i * SECOND - 1;
		assert_int_equal(hear(r), 0);
		r->now++;
		assert_int_equal(hear(r), 1);
	}
	pw_pen_run_end(&r->pen, r->now, PW_END_OFF);
	hear(r);

	/* A host that says nothing for PW_READ_SILENCE_US is gone: no more of it, and nothing to
	 * wake up for. */
	say(r, &(struct pw_msg){.type = PW_MSG_PING, .ping = {.ping_id = 2}});
	hear(r);
	began = r->now;
	r->now = began + PW_STATUS_IDLE_US;
	assert_int_equal(hear(r), 1);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), UINT64_MAX);
	r->now = began + PW_READ_SILENCE_US;
	assert_int_equal(hear(r), 0);
	pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	assert_int_equal(hear(r), 0);
	/* The same read_id starts a new stream. */
	say_read(r, 1, 3, 100, 0);
	assert_int_equal(hear(r), 2);

	/* Anything it says keeps the stream. */
	for (int i = 0; i < 3; i++) {
		r->now += PW_READ_SILENCE_US - 1;
		say(r, &(struct pw_msg){.type = PW_MSG_PING, .ping = {.ping_id = 3}});
		assert_int_equal(hear(r), 2);
	}
	rig_free(r);
}

static void test_identify(void **state)
{
	struct rig *r = rig_new(4096, 4);

	(void)state;
	say_read(r, 1, 0, 100, 0);
	say(r, &(struct pw_msg){.type = PW_MSG_IDENTIFY, .identify = {.duration_ms = 3000}});
	hear(r);
	assert_true(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_BLINKING);
	assert_true(pw_pen_blinking(&r->pen, r->now + 2999999));
	assert_false(pw_pen_blinking(&r->pen, r->now + 3000000));
	say(r, &(struct pw_msg){.type = PW_MSG_IDENTIFY, .identify = {.duration_ms = 0}});
	assert_false(pw_pen_blinking(&r->pen, r->now));
	rig_free(r);
}

static void test_disconnect(void **state)
{
	struct rig *r = rig_new(4096, 8);
	uint64_t next;
	uint8_t b[100];

	(void)state;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 1000);
	say_read(r, 1, 0, 1000, 100);
	assert_int_equal(pw_pen_output(&r->pen, b, sizeof(b), r->now), sizeof(b));
	pw_pen_input(&r->pen, (const uint8_t[]){5, 1, 2}, 3, r->now);
	pw_pen_disconnected(&r->pen);
	assert_int_equal(pw_pen_next_us(&r->pen, r->now), UINT64_MAX);
	next = r->pen.log.next_seq;
	cycles(r, 1000, 200);
	assert_true(r->pen.log.next_seq > next); /* recording goes on */
	/* Neither side's half frame is left over. */
	pw_decoder_reset(&r->decoder);
	say_hello(r);
	assert_int_equal(hear(r), 1);
	assert_int_equal(only(r, PW_MSG_IDENTITY)->identity.next_seq, r->pen.log.next_seq);
	rig_free(r);
}

/* Whatever happens: there is output exactly when pw_pen_next_us() says so, and the stream is the
 * log. */
static void test_sleep_is_safe(void **state)
{
	struct rig *r = rig_new(1024, 6);
	uint64_t seq = 0, slept = 0;
	uint32_t read_id = 0, index = 0;

	(void)state;
	r->random = 4711;
	for (int step = 0; step < 20000; step++) {
		uint64_t next, first;

		switch (any(r, 12)) {
		case 0:
			seq = r->pen.log.first_seq;
			say_read(r, ++read_id, seq, seq + any(r, 20), (uint16_t)(any(r, 3) * 70));
			break;
		case 1:
		case 2:
			if (read_id && r->pen.read_id)
				say_read(r, read_id, 0, r->pen.log.next_seq + any(r, 8), 0);
			break;
		case 3:
			say(r, &(struct pw_msg){.type = PW_MSG_PING, .ping = {.ping_id = 1}});
			break;
		case 4:
			if (r->pen.running)
				pw_pen_run_end(&r->pen, r->now, PW_END_OFF);
			else
				pw_pen_run_start(&r->pen, r->now, 7500, 350);
			index = 0;
			break;
		case 5:
			pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
			break;
		case 6:
			if (any(r, 30) == 0)
				say_hello(r);
			break;
		default:
			cycles(r, index, 20);
			index += 20;
			break;
		}
		next = pw_pen_next_us(&r->pen, r->now);
		assert_true(next >= r->now);
		if (next > r->now) {
			assert_int_equal(hear(r), 0);
			if (next == UINT64_MAX || any(r, 3))
				continue;
			r->now = next;
			slept++;
		}
		first = r->pen.log.first_seq;
		assert_true(hear(r) > 0);
		if (seq < first && count(r, PW_MSG_RECORDS) > 0)
			seq = first;
		match_records(r, read_id, &seq);
	}
	assert_true(slept > 300);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_frames_are_filled),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unknown_tail_and_noise),
		cmocka_unit_test(test_hello_ends_the_stream),
		cmocka_unit_test(test_new_read_replaces_the_old),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_wrap_during_read),
		cmocka_unit_test(test_rotten_record_ends_the_stream),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_status_when_due),
		cmocka_unit_test(test_identify),
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_sleep_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
