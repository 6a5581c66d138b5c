/* SPDX-License-Identifier: MIT */
/* A pen with a flash in memory and a motor, and a host that is written by hand, message by message. */
#ifndef TESTS_PEN_RIG_H
#define TESTS_PEN_RIG_H

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
#define UNUSED __attribute__((unused))

/* ---- a flash in memory ---- */

struct flash {
	struct pw_store store;
	uint8_t *mem;
	bool fail; /* programs and erases fail */
};

UNUSED static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	struct flash *f = ctx;

	memcpy(buf, f->mem + page * f->store.page_size + offset, len);
	return 0;
}

UNUSED static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf,
				uint32_t len)
{
	struct flash *f = ctx;

	if (f->fail)
		return -1;
	memcpy(f->mem + page * f->store.page_size + offset, buf, len);
	return 0;
}

UNUSED static int flash_erase(void *ctx, uint32_t page)
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

UNUSED static void power_up(struct rig *r)
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

UNUSED static struct rig *rig_new(uint32_t page_size, uint32_t pages)
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

UNUSED static void rig_free(struct rig *r)
{
	free(r->flash.mem);
	free(r);
}

UNUSED static uint32_t any(struct rig *r, uint32_t below)
{
	r->random = r->random * 1664525u + 1013904223u;
	return (r->random >> 8) % below;
}

UNUSED static void say_raw(struct rig *r, uint8_t type, const void *payload, size_t len)
{
	uint8_t wire[PW_WIRE_MAX];
	size_t size;

	assert_int_equal(
		pw_frame_encode(type, r->number++, payload, len, wire, sizeof(wire), &size), PW_OK);
	pw_pen_input(&r->pen, wire, size, r->now);
}

UNUSED static void say(struct rig *r, const struct pw_msg *msg)
{
	uint8_t payload[PW_PAYLOAD_MAX];
	size_t len;

	assert_int_equal(pw_msg_encode(msg, payload, sizeof(payload), &len), PW_OK);
	say_raw(r, msg->type, payload, len);
}

UNUSED static void say_hello(struct rig *r)
{
	say(r, &(struct pw_msg){.type = PW_MSG_HELLO,
				.hello = {.version_min = 1, .version_max = 3, .host_id = HOST}});
}

UNUSED static void say_read(struct rig *r, uint32_t id, uint64_t from, uint64_t limit,
			    uint16_t flush_ms)
{
	say(r, &(struct pw_msg){.type = PW_MSG_READ,
				.read = {.read_id = id,
					 .log_id = r->pen.log.log_id,
					 .from_seq = from,
					 .limit_seq = limit,
					 .flush_ms = flush_ms}});
}

/* Takes all that the pen has to send now, in pieces of any size; returns how many messages came. */
UNUSED static unsigned hear(struct rig *r)
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

UNUSED static unsigned count(struct rig *r, uint8_t type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++)
		n += r->heard[i].msg.type == type;
	return n;
}

/* Compares the records heard last with the log, as far as it still has them, from *@seq on, and
 * moves it past them. */
UNUSED static void match_records(struct rig *r, uint32_t read_id, uint64_t *seq)
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

UNUSED static uint32_t period_of(uint32_t i)
{
	return i % 97 == 96 ? PW_PERIOD_UNKNOWN : PERIOD + i * 7919u % 300u;
}

UNUSED static uint16_t depth_of(uint32_t i)
{
	return i % 41 == 40 ? PW_DEPTH_UNKNOWN : (uint16_t)(330 + i * 31u % 60u);
}

/* @n cycles from index @first on; time goes on with them. */
UNUSED static void cycles(struct rig *r, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint64_t began = r->now;

		r->now += period_of(i) == PW_PERIOD_UNKNOWN ? PERIOD : period_of(i);
		assert_int_equal(pw_pen_cycle(&r->pen, began, period_of(i), depth_of(i)), PW_OK);
	}
}

UNUSED static void whole_run(struct rig *r, uint32_t n)
{
	assert_int_equal(pw_pen_run_start(&r->pen, r->now, 7500, 350), PW_OK);
	cycles(r, 0, n);
	assert_int_equal(pw_pen_run_end(&r->pen, r->now, PW_END_OFF), PW_OK);
	r->now += SECOND;
}

/* Record @seq of the log, decoded. */
UNUSED static struct pw_rec record(struct rig *r, uint64_t seq, union pw_rec_body *body)
{
	static uint8_t b[PW_REC_MAX];
	struct pw_rec rec;
	size_t size;

	assert_int_equal(pw_log_read(&r->pen.log, seq, b, sizeof(b), &size), PW_OK);
	assert_int_equal(pw_rec_next(b, size, &rec, &size), PW_OK);
	assert_int_equal(pw_rec_decode(&rec, body), PW_OK);
	return rec;
}

#endif
