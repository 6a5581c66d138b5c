/* SPDX-License-Identifier: MIT */
/* The pen side against a host that is written here by hand, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_pen.h"

#define LOG_A  UINT64_C(0xa0a1a2a3a4a5a6a7)
#define HOST   UINT64_C(0x0102030405060708)
#define HEARD  64
#define SECOND UINT64_C(1000000)
#define PERIOD 8333u

/* ---- a flash in memory ---- */

struct flash {
	struct pw_store store;
	uint8_t *mem;
	bool fail; /* programs and erases fail */
};

static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	struct flash *f = ctx;

	memcpy(buf, f->mem + page * f->store.page_size + offset, len);
	return 0;
}

static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	struct flash *f = ctx;

	if (f->fail)
		return -1;
	memcpy(f->mem + page * f->store.page_size + offset, buf, len);
	return 0;
}

static int flash_erase(void *ctx, uint32_t page)
{
	struct flash *f = ctx;

	if (f->fail)
		return -1;
	memset(f->mem + page * f->store.page_size, 0xff, f->store.page_size);
	return 0;
}

/* ---- the host ---- */

struct heard {
	struct pw_msg msg;
	uint8_t data[PW_PAYLOAD_MAX]; /* what msg.records.data points to */
};

struct rig {
	struct flash flash;
	struct pw_pen pen;
	struct pw_decoder decoder;
	uint8_t rx[PW_FRAME_MAX];
	uint16_t number;
	uint32_t random;
	uint64_t now;
	struct heard heard[HEARD];
	unsigned n;
};

static void power_up(struct rig *r)
{
	memset(&r->pen, 0, sizeof(r->pen));
	r->pen.identity.version_min = r->pen.identity.version_max = PW_VERSION;
	r->pen.identity.depth_source = PW_DEPTH_SENSOR;
	r->pen.identity.stroke_um = 3500;
	pw_text_put(r->pen.identity.manufacturer, "Example Pens");
	pw_text_put(r->pen.identity.model, "Test One");
	pw_text_put(r->pen.identity.serial, "EX-0001");
	pw_text_put(r->pen.identity.firmware, "1.0");
	r->now = 1000;
	assert_int_equal(pw_pen_start(&r->pen, &r->flash.store, LOG_A, PW_BOOT_POWER, r->now),
			 PW_OK);
}

static struct rig *rig_new(uint32_t page_size, uint32_t pages)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->flash.store = (struct pw_store){.ctx = &r->flash,
					   .page_size = page_size,
					   .pages = pages,
					   .align = 4,
					   .read = flash_read,
					   .program = flash_program,
					   .erase = flash_erase};
	r->flash.mem = malloc((size_t)page_size * pages);
	assert_non_null(r->flash.mem);
	memset(r->flash.mem, 0xff, (size_t)page_size * pages);
	r->random = 1;
	pw_decoder_init(&r->decoder, r->rx, sizeof(r->rx));
	power_up(r);
	return r;
}

static void rig_free(struct rig *r)
{
	free(r->flash.mem);
	free(r);
}

static uint32_t any(struct rig *r, uint32_t below)
{
	r->random = r->random * 1664525u + 1013904223u;
	return (r->random >> 8) % below;
}

static void say_raw(struct rig *r, uint8_t type, const void *payload, size_t len)
{
	uint8_t wire[PW_WIRE_MAX];
	size_t size;

	assert_int_equal(
		pw_frame_encode(type, r->number++, payload, len, wire, sizeof(wire), &size), PW_OK);
	pw_pen_input(&r->pen, wire, size, r->now);
}

static void say(struct rig *r, const struct pw_msg *msg)
{
	uint8_t payload[PW_PAYLOAD_MAX];
	size_t len;

	assert_int_equal(pw_msg_encode(msg, payload, sizeof(payload), &len), PW_OK);
	say_raw(r, msg->type, payload, len);
}

static void say_hello(struct rig *r)
{
	say(r, &(struct pw_msg){.type = PW_MSG_HELLO,
				.hello = {.version_min = 1, .version_max = 3, .host_id = HOST}});
}

static void say_read(struct rig *r, uint32_t id, uint64_t from, uint64_t limit, uint16_t flush_ms)
{
	say(r, &(struct pw_msg){.type = PW_MSG_READ,
				.read = {.read_id = id,
					 .log_id = r->pen.log.log_id,
					 .from_seq = from,
					 .limit_seq = limit,
					 .flush_ms = flush_ms}});
}

/* Takes all that the pen has to send now, in pieces of any size; returns how many messages came. */
static unsigned hear(struct rig *r)
{
	uint8_t piece[300];
	size_t got;

	r->n = 0;
	while ((got = pw_pen_output(&r->pen, piece, 1 + any(r, sizeof(piece)), r->now)) > 0) {
		for (size_t at = 0; at < got;) {
			struct pw_frame frame;
			enum pw_error error;
			struct heard *h;
			bool done;

			at += pw_decoder_push(&r->decoder, piece + at, got - at, &done, &error,
					      &frame);
			if (!done)
				continue;
			assert_int_equal(error, PW_OK);
			assert_true(r->n < HEARD);
			h = &r->heard[r->n++];
			memcpy(h->data, frame.payload, frame.len);
			assert_int_equal(pw_msg_decode(frame.type, h->data, frame.len, &h->msg),
					 PW_OK);
		}
	}
	assert_int_equal(r->decoder.lost, 0);
	return r->n;
}

/* The only message of @type heard last; fails if there is not exactly one. */
static const struct pw_msg *only(struct rig *r, uint8_t type)
{
	const struct pw_msg *found = NULL;

	for (unsigned i = 0; i < r->n; i++) {
		if (r->heard[i].msg.type != type)
			continue;
		assert_null(found);
		found = &r->heard[i].msg;
	}
	assert_non_null(found);
	return found;
}

static unsigned count(struct rig *r, uint8_t type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->heard[i].msg.type == type;
	return n;
}

/* Compares the records heard last with the log, as far as it still has them, from *@seq on, and
 * moves it past them. */
static void match_records(struct rig *r, uint32_t read_id, uint64_t *seq)
{
	uint8_t expected[PW_REC_MAX];

	for (unsigned i = 0; i < r->n; i++) {
		const struct pw_records *records = &r->heard[i].msg.records;
		size_t at = 0, size, len;
		struct pw_rec rec;

		if (r->heard[i].msg.type != PW_MSG_RECORDS)
			continue;
		assert_int_equal(records->read_id, read_id);
		assert_int_equal(records->first_seq, *seq);
		assert_true(records->avail_seq <= r->pen.log.first_seq);
		for (unsigned n = 0; n < records->count; n++) {
			assert_int_equal(
				pw_rec_next(records->data + at, records->len - at, &rec, &size),
				PW_OK);
			at += size;
			if ((*seq)++ < r->pen.log.first_seq)
				continue;
			assert_int_equal(pw_log_read(&r->pen.log, *seq - 1, expected,
						     sizeof(expected), &len),
					 PW_OK);
			assert_int_equal(len, size);
			assert_memory_equal(records->data + at - size, expected, len);
		}
		assert_int_equal(at, records->len);
	}
}

/* ---- the machine ---- */

static uint32_t period_of(uint32_t i)
{
	return i % 97 == 96 ? PW_PERIOD_UNKNOWN : PERIOD + i * 7919u % 300u;
}

static uint16_t depth_of(uint32_t i)
{
	return i % 41 == 40 ? PW_DEPTH_UNKNOWN : (uint16_t)(330 + i * 31u % 60u);
}

/* @n cycles from index @first on; time goes on with them. */
static void cycles(struct rig *r, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint64_t began = r->now;

		r->now += period_of(i) == PW_PERIOD_UNKNOWN ? PERIOD : period_of(i);
		assert_int_equal(pw_pen_cycle(&r->pen, began, period_of(i), depth_of(i)), PW_OK);
	}
}

static void whole_run(struct rig *r, uint32_t n)
{
	assert_int_equal(pw_pen_run_start(&r->pen, r->now, 7500, 350), PW_OK);
	cycles(r, 0, n);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	r->now += SECOND;
}

/* Record @seq of the log, decoded. */
static struct pw_rec record(struct rig *r, uint64_t seq, union pw_rec_body *body)
{
	static uint8_t b[PW_REC_MAX];
	struct pw_rec rec;
	size_t size;

	assert_int_equal(pw_log_read(&r->pen.log, seq, b, sizeof(b), &size), PW_OK);
	assert_int_equal(pw_rec_next(b, size, &rec, &size), PW_OK);
	assert_int_equal(pw_rec_decode(&rec, body), PW_OK);
	return rec;
}

/* ---- tests ---- */

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

static void test_what_a_run_leaves(void **state)
{
	struct rig *r = rig_new(4096, 32);
	uint32_t period[PW_CYCLES_REC_MAX], n, at = 0, known = 0;
	uint16_t depth[PW_CYCLES_REC_MAX];
	uint64_t period_sum = 0, depth_sum = 0, seq = 1, tick = 0, began;
	union pw_rec_body body;
	struct pw_rec rec;

	(void)state;
	began = r->now;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 1500);
	pw_pen_button(&r->pen, r->now, 1, PW_BUTTON_LONG);
	cycles(r, 1500, 77);
	pw_pen_run_end(&r->pen, r->now, PW_END_BATTERY);

	rec = record(r, seq++, &body);
	assert_int_equal(rec.type, PW_REC_RUN_START);
	assert_int_equal(body.run_start.run, 1);
	assert_int_equal(body.run_start.voltage_mv, 7500);
	assert_int_equal(body.run_start.depth_um, 350);
	while ((rec = record(r, seq++, &body)).type != PW_REC_RUN_END) {
		assert_true(rec.tick_us >= tick); /* in the order in which it happened */
		tick = rec.tick_us;
		if (rec.type == PW_REC_BUTTON) {
			assert_int_equal(at, 1500); /* what came before stands before */
			continue;
		}
		assert_int_equal(rec.type, PW_REC_CYCLES);
		assert_int_equal(body.cycles.run, 1);
		assert_int_equal(body.cycles.index, at);
		assert_int_equal(pw_cycles_decode(body.cycles.block, body.cycles.len, period, depth,
						  PW_CYCLES_REC_MAX, &n),
				 PW_OK);
		for (uint32_t i = 0; i < n; i++, at++) {
			assert_int_equal(period[i], period_of(at));
			assert_int_equal(depth[i], depth_of(at));
			period_sum += period[i] == PW_PERIOD_UNKNOWN ? 0 : period[i];
			known += depth[i] != PW_DEPTH_UNKNOWN;
			depth_sum += depth[i] == PW_DEPTH_UNKNOWN ? 0 : depth[i];
		}
	}
	assert_int_equal(at, 1577);
	assert_int_equal(body.run_end.run, 1);
	assert_int_equal(body.run_end.reason, PW_END_BATTERY);
	assert_int_equal(body.run_end.cycles, 1577);
	assert_int_equal(body.run_end.depth_count, known);
	assert_int_equal(body.run_end.period_sum_us, period_sum);
	assert_int_equal(body.run_end.depth_sum_um, depth_sum);
	assert_int_equal(body.run_end.on_time_us, r->now - began);
	assert_int_equal(seq, r->pen.log.next_seq);

	/* Cycles outside a run are nobody's. */
	assert_int_equal(pw_pen_cycle(&r->pen, r->now, PERIOD, 350), PW_OK);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	assert_int_equal(seq, r->pen.log.next_seq);
	rig_free(r);
}

static void test_slow_cycles_keep_the_span(void **state)
{
	struct rig *r = rig_new(4096, 8);
	union pw_rec_body body;
	struct pw_rec rec;
	uint64_t last;

	(void)state;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	for (int i = 0; i < 40; i++) {
		uint32_t period =
			i == 20 ? 60000000u : 300000u; /* a pause of a minute among slow dots */

		assert_int_equal(pw_pen_cycle(&r->pen, r->now, period, 350), PW_OK);
		r->now += period;
	}
	pw_pen_run_end(&r->pen, r->now, PW_END_OFF);
	last = 1000;
	for (uint64_t seq = 2; (rec = record(r, seq, &body)).type == PW_REC_CYCLES; seq++) {
		uint32_t period[PW_CYCLES_REC_MAX], n;
		uint64_t span = 0;

		assert_int_equal(pw_cycles_decode(body.cycles.block, body.cycles.len, period, NULL,
						  PW_CYCLES_REC_MAX, &n),
				 PW_OK);
		for (uint32_t i = 0; i < n; i++)
			span += period[i];
		assert_int_equal(rec.tick_us, last);
		last += span;
		assert_true(span <= PW_CYCLES_SPAN_US || n == 1);
	}
	assert_int_equal(last, r->now);
	rig_free(r);
}

static void test_numbers_go_on(void **state)
{
	struct rig *r = rig_new(1024, 2);
	union pw_rec_body body;

	(void)state;
	whole_run(r, 10);
	whole_run(r, 10);
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 5);
	/* The power goes in the middle of a run: its cycles that were not written yet are lost, its
	 * number is not. */
	power_up(r);
	assert_int_equal(r->pen.identity.boot, 2);
	whole_run(r, 10);
	assert_int_equal(r->pen.log.run, 4);
	/* Nothing left in the ring that names a run or an older boot. */
	for (int i = 0; i < 200; i++)
		pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS);
	assert_int_equal(record(r, r->pen.log.first_seq, &body).type, PW_REC_BUTTON);
	power_up(r);
	assert_int_equal(r->pen.identity.boot, 3);
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	record(r, r->pen.log.next_seq - 1, &body);
	assert_int_equal(body.run_start.run, 5);
	/* A start without an end is an end. */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	record(r, r->pen.log.next_seq - 2, &body);
	assert_int_equal(body.run_end.run, 5);
	assert_int_equal(body.run_end.reason, PW_UNKNOWN_U8);
	rig_free(r);
}

static void test_store_fails(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;
	struct pw_rec rec;

	(void)state;
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	cycles(r, 0, 100);
	r->flash.fail = true;
	assert_int_equal(pw_pen_button(&r->pen, r->now, 0, PW_BUTTON_PRESS), PW_E_STORE);
	say_read(r, 1, 0, 100, 0);
	hear(r);
	assert_true(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_STORE_FAILED);
	r->flash.fail = false;
	cycles(r, 100, 10);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	hear(r);
	assert_false(only(r, PW_MSG_STATUS)->status.flags & PW_STATUS_STORE_FAILED);
	/* The index says which cycles are missing, the totals how many there were. */
	rec = record(r, r->pen.log.next_seq - 2, &body);
	assert_int_equal(rec.type, PW_REC_CYCLES);
	assert_int_equal(body.cycles.index, 100);
	record(r, r->pen.log.next_seq - 1, &body);
	assert_int_equal(body.run_end.cycles, 110);
	rig_free(r);
}

static void test_events(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;

	(void)state;
	assert_int_equal(pw_pen_cartridge(&r->pen, r->now, true, "C-77", "0603RL"), PW_OK);
	assert_int_equal(record(r, 1, &body).type, PW_REC_CARTRIDGE_IN);
	assert_memory_equal(body.cartridge.id, "C-77\0", 5);
	assert_memory_equal(body.cartridge.config, "0603RL\0\0", 8);
	assert_int_equal(pw_pen_cartridge(&r->pen, r->now, false, NULL, NULL), PW_OK);
	assert_int_equal(record(r, 2, &body).type, PW_REC_CARTRIDGE_OUT);
	assert_int_equal(body.cartridge.config[0], 0);
	assert_int_equal(pw_pen_counters(&r->pen, r->now, 4294967295u, 5, 32), PW_OK);
	assert_int_equal(record(r, 3, &body).type, PW_REC_COUNTERS);
	assert_int_equal(body.counters.cycles, 4294967295u);
	assert_int_equal(pw_pen_fault(&r->pen, r->now, PW_FAULT_BATTERY, true, 9), PW_OK);
	assert_int_equal(record(r, 4, &body).type, PW_REC_FAULT);
	assert_int_equal(body.fault.value, 9);
	assert_int_equal(pw_pen_clock(&r->pen, r->now, INT64_C(1795000000000000), 20000), PW_OK);
	assert_int_equal(record(r, 5, &body).type, PW_REC_CLOCK);
	assert_int_equal(body.clock.utc_us, INT64_C(1795000000000000));
	/* A value that no record can carry is refused and costs no number. */
	assert_int_equal(pw_pen_counters(&r->pen, r->now, 4294967296u, 5, 32), PW_E_VALUE);
	assert_int_equal(r->pen.log.next_seq, 6);
	rig_free(r);
}

/* Values are summed up by quantity, written once a minute and before the run's end, and belong to a
 * run only. */
static void test_measures(void **state)
{
	struct rig *r = rig_new(4096, 4);
	union pw_rec_body body;
	uint64_t next, at;

	(void)state;
	assert_int_equal(pw_pen_measure(&r->pen, r->now, PW_QUANTITY_CURRENT, 500), PW_OK);
	assert_int_equal(r->pen.log.next_seq, 1); /* no run */
	pw_pen_run_start(&r->pen, r->now, 7500, 350);
	next = r->pen.log.next_seq;
	cycles(r, 0, 3);
	at = r->now;
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 500), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_TEMPERATURE, -250), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at + 1, PW_QUANTITY_CURRENT, 300), PW_OK);
	assert_int_equal(pw_pen_measure(&r->pen, at, 0, 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_MEASURES + 1, 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, 1, PW_MEASURE_MAX + 1), PW_E_VALUE);
	assert_int_equal(pw_pen_measure(&r->pen, at, 1, -PW_MEASURE_MAX - 1), PW_E_VALUE);
	assert_int_equal(r->pen.log.next_seq, next);
	at += PW_MEASURE_SPAN_US;
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 400), PW_OK);
	/* The cycles before it, then one record a quantity. */
	assert_int_equal(r->pen.log.next_seq, next + 3);
	assert_int_equal(record(r, next, &body).type, PW_REC_CYCLES);
	assert_int_equal(record(r, next + 1, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.run, 1);
	assert_int_equal(body.measure.quantity, PW_QUANTITY_CURRENT);
	assert_int_equal(body.measure.count, 3);
	assert_int_equal(body.measure.min, 300);
	assert_int_equal(body.measure.max, 500);
	assert_int_equal(body.measure.sum, 1200);
	assert_int_equal(body.measure.square_sum, 500000);
	assert_int_equal(record(r, next + 2, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.quantity, PW_QUANTITY_TEMPERATURE);
	assert_int_equal(body.measure.count, 1);
	assert_int_equal(body.measure.max, -250);
	/* The rest at the end, and nothing of it in the next run. */
	assert_int_equal(pw_pen_measure(&r->pen, at, PW_QUANTITY_CURRENT, 200), PW_OK);
	assert_int_equal(pw_pen_run_end(&r->pen, at, PW_END_OFF), PW_OK);
	assert_int_equal(record(r, next + 3, &body).type, PW_REC_MEASURE);
	assert_int_equal(body.measure.count, 1);
	assert_int_equal(body.measure.min, 200);
	assert_int_equal(record(r, next + 4, &body).type, PW_REC_RUN_END);
	pw_pen_run_start(&r->pen, at, 7500, 350);
	pw_pen_run_end(&r->pen, at, PW_END_OFF);
	assert_int_equal(r->pen.log.next_seq, next + 7);
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
		cmocka_unit_test(test_what_a_run_leaves),
		cmocka_unit_test(test_slow_cycles_keep_the_span),
		cmocka_unit_test(test_numbers_go_on),
		cmocka_unit_test(test_store_fails),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_measures),
		cmocka_unit_test(test_sleep_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
