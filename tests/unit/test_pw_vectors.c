/* SPDX-License-Identifier: MIT */
/*
 * The test vectors of proto/README.md, run through the library in both directions, so that document
 * and code cannot drift apart. Every message and record type of the headers must have one.
 */
#include "proto_vector_fields.h"

#include "pw_cycles.h"
#include "pw_frame.h"

/* ---- the types; a type without a name here is a compiler's warning ---- */

static const char *message_name(enum pw_msg_type type)
{
	switch (type) {
	case PW_MSG_HELLO:
		return "HELLO";
	case PW_MSG_READ:
		return "READ";
	case PW_MSG_ACK:
		return "ACK";
	case PW_MSG_PING:
		return "PING";
	case PW_MSG_IDENTIFY:
		return "IDENTIFY";
	case PW_MSG_IDENTITY:
		return "IDENTITY";
	case PW_MSG_STATUS:
		return "STATUS";
	case PW_MSG_RECORDS:
		return "RECORDS";
	case PW_MSG_PONG:
		return "PONG";
	case PW_MSG_REFUSED:
		return "REFUSED";
	}
	return NULL;
}

static const char *record_name(enum pw_rec_type type)
{
	switch (type) {
	case PW_REC_BOOT:
		return "BOOT";
	case PW_REC_RUN_START:
		return "RUN_START";
	case PW_REC_CYCLES:
		return "CYCLES";
	case PW_REC_RUN_END:
		return "RUN_END";
	case PW_REC_CARTRIDGE_IN:
		return "CARTRIDGE_IN";
	case PW_REC_CARTRIDGE_OUT:
		return "CARTRIDGE_OUT";
	case PW_REC_COUNTERS:
		return "COUNTERS";
	case PW_REC_FAULT:
		return "FAULT";
	case PW_REC_BUTTON:
		return "BUTTON";
	case PW_REC_CLOCK:
		return "CLOCK";
	case PW_REC_MEASURE:
		return "MEASURE";
	}
	return NULL;
}

static bool is_whole(const struct vector *v, const char *kind, const char *about)
{
	return strcmp(v->kind, kind) == 0 && strcmp(v->about, about) == 0 && !only_decode(v);
}

/* The number of vectors in both directions for type @name. */
static unsigned count(const char *kind, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_vectors; i++)
		n += is_whole(&vectors[i], kind, name);
	return n;
}

static void every_type_has_a_vector(void **state)
{
	unsigned messages = 0, records = 0;
	struct pw_msg msg;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		const char *message = message_name((enum pw_msg_type)type);
		const char *record = record_name((enum pw_rec_type)type);
		struct pw_rec rec = {.type = (uint8_t)type, .payload = NULL, .len = 0};
		union pw_rec_body body;

		/* The names above are the types that the library knows. */
		assert_int_equal(pw_msg_decode((uint8_t)type, NULL, 0, &msg),
				 message ? PW_E_SHORT : PW_E_TYPE);
		assert_int_equal(pw_rec_decode(&rec, &body), record ? PW_E_SHORT : PW_E_TYPE);
		if (message && count("message", message) == 0)
			fail_msg("no vector for message %s", message);
		if (record && count("record", record) == 0)
			fail_msg("no vector for record %s", record);
		messages += message != NULL;
		records += record != NULL;
	}
	assert_int_equal(messages, 10);
	assert_int_equal(records, 11);
	assert_true(count("cycles", "") >= 8);
}

static uint8_t type_named(const struct vector *v, const char *kind, const char *name)
{
	for (unsigned type = 0; type < 256; type++) {
		const char *is = strcmp(kind, "message") == 0 ? message_name((enum pw_msg_type)type)
							      : record_name((enum pw_rec_type)type);

		if (is && strcmp(is, name) == 0)
			return (uint8_t)type;
	}
	fail_msg("proto/README.md:%u: no %s %s", v->at, kind, name);
	return 0;
}

static bool is(const struct vector *v, const char *kind)
{
	return strcmp(v->kind, kind) == 0;
}

/* ---- the checks ---- */

static void crcs(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		uint8_t bytes[256];
		size_t len;

		if (!is(&vectors[i], "crc"))
			continue;
		len = need_hex(&vectors[i], "bytes", bytes, sizeof(bytes));
		assert_int_equal(pw_crc32c(0, bytes, len), number_of(need(&vectors[i], "crc")));
		n++;
	}
	assert_true(n >= 3);
}

/* The frame of a vector: decoding gives type, number and payload, and encoding these gives the
 * frame. */
static void check_frame(const struct vector *v, uint8_t type, const uint8_t *payload, size_t len)
{
	uint8_t wire[PW_WIRE_MAX + 4], again[PW_WIRE_MAX], buf[PW_FRAME_MAX];
	size_t n = need_hex(v, "frame", wire, sizeof(wire)), got = 0;
	uint16_t number = (uint16_t)number_of(need(v, "number"));
	enum pw_error error = PW_E_SHORT;
	struct pw_frame frame = {0};
	struct pw_decoder d;
	bool done = false;

	pw_decoder_init(&d, buf, sizeof(buf));
	assert_int_equal(pw_decoder_push(&d, wire, n, &done, &error, &frame), n);
	assert_true(done);
	assert_int_equal(error, PW_OK);
	assert_int_equal(frame.type, type);
	assert_int_equal(frame.number, number);
	assert_int_equal(frame.len, len);
	assert_memory_equal(frame.payload, payload, len);
	if (only_decode(v))
		return;
	assert_int_equal(pw_frame_encode(type, number, payload, len, again, sizeof(again), &got),
			 PW_OK);
	assert_int_equal(got, n);
	assert_memory_equal(again, wire, n);
}

static void frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		uint8_t payload[PW_PAYLOAD_MAX];
		size_t len;

		if (!is(&vectors[i], "frame"))
			continue;
		len = need_hex(&vectors[i], "payload", payload, sizeof(payload));
		check_frame(&vectors[i], (uint8_t)number_of(need(&vectors[i], "type")), payload,
			    len);
	}
}

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		uint8_t payload[PW_PAYLOAD_MAX], again[PW_PAYLOAD_MAX], records[PW_PAYLOAD_MAX];
		struct pw_msg msg = {0}, wanted = {0};
		size_t len, got = 0, records_len = 0;

		if (!is(v, "message"))
			continue;
		wanted.type = type_named(v, "message", v->about);
		fill(v, v->about, &wanted.hello);
		if (wanted.type == PW_MSG_RECORDS) {
			records_len = need_hex(v, "records", records, sizeof(records));
			wanted.records.data = records;
			wanted.records.len = records_len;
		}
		len = need_hex(v, "payload", payload, sizeof(payload));
		assert_int_equal(pw_msg_decode(wanted.type, payload, len, &msg), PW_OK);
		assert_int_equal(msg.type, wanted.type);
		expect_same(v, v->about, &msg.hello, &wanted.hello);
		if (wanted.type == PW_MSG_RECORDS) {
			assert_int_equal(msg.records.len, records_len);
			assert_memory_equal(msg.records.data, records, records_len);
		}
		check_frame(v, wanted.type, payload, len);
		if (only_decode(v))
			continue;
		assert_int_equal(pw_msg_encode(&wanted, again, sizeof(again), &got), PW_OK);
		assert_int_equal(got, len);
		assert_memory_equal(again, payload, len);
	}
}

static void records(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		uint8_t bytes[PW_REC_MAX], again[PW_REC_MAX], block[PW_REC_MAX];
		union pw_rec_body body, wanted;
		struct pw_rec rec, head;
		size_t len, size = 0;

		if (!is(v, "record"))
			continue;
		memset(&wanted, 0, sizeof(wanted));
		head = (struct pw_rec){
			.type = type_named(v, "record", v->about),
			.boot = (uint32_t)number_of(need(v, "boot")),
			.tick_us = number_of(need(v, "tick_us")),
		};
		fill(v, v->about, &wanted);
		if (head.type == PW_REC_CYCLES) {
			wanted.cycles.len = need_hex(v, "block", block, sizeof(block));
			wanted.cycles.block = block;
		}
		len = need_hex(v, "bytes", bytes, sizeof(bytes));
		assert_int_equal(pw_rec_next(bytes, len, &rec, &size), PW_OK);
		assert_int_equal(size, len);
		assert_int_equal(rec.type, head.type);
		assert_int_equal(rec.boot, head.boot);
		assert_int_equal(rec.tick_us, head.tick_us);
		assert_int_equal(pw_rec_decode(&rec, &body), PW_OK);
		expect_same(v, v->about, &body, &wanted);
		if (head.type == PW_REC_CYCLES) {
			assert_int_equal(body.cycles.len, wanted.cycles.len);
			assert_memory_equal(body.cycles.block, block, body.cycles.len);
		}
		assert_int_equal(pw_rec_crc(number_of(need(v, "seq")), bytes, len),
				 number_of(need(v, "crc")));
		if (only_decode(v))
			continue;
		assert_int_equal(pw_rec_encode(&head, &wanted, again, sizeof(again), &size), PW_OK);
		assert_int_equal(size, len);
		assert_memory_equal(again, bytes, len);
	}
}

/* A list of numbers, `?` for unknown; returns how many. */
static uint32_t list(const char *text, uint32_t unknown, uint32_t *out, uint32_t cap)
{
	uint32_t n = 0;

	while (*text) {
		char token[16];
		int len = 0;

		assert_int_equal(sscanf(text, " %15[0-9?]%n", token, &len), 1);
		assert_true(n < cap);
		out[n++] = token[0] == '?' ? unknown : (uint32_t)number_of(token);
		text += len;
	}
	return n;
}

static void cycle_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		uint32_t period[100], depth[100], got_period[100], n, got = 0;
		uint8_t block[1000], again[PW_CYCLES_BOUND(100)];
		uint16_t depth16[100], got_depth[100];
		size_t len, size = 0;

		if (!is(v, "cycles"))
			continue;
		n = list(need(v, "period_us"), PW_PERIOD_UNKNOWN, period, 100);
		assert_int_equal(list(need(v, "depth_um"), PW_DEPTH_UNKNOWN, depth, 100), n);
		for (uint32_t c = 0; c < n; c++)
			depth16[c] = (uint16_t)depth[c];
		len = need_hex(v, "block", block, sizeof(block));
		assert_int_equal(pw_cycles_decode(block, len, got_period, got_depth, 100, &got),
				 PW_OK);
		assert_int_equal(got, n);
		assert_memory_equal(got_period, period, n * sizeof(period[0]));
		assert_memory_equal(got_depth, depth16, n * sizeof(depth16[0]));
		assert_int_equal(pw_cycles_encode(period, depth16, n, again, sizeof(again), &size),
				 PW_OK);
		if (only_decode(v)) {
			/* Then the library's own choice is another, and no longer. */
			assert_true(size <= len);
			assert_true(size != len || memcmp(again, block, len) != 0);
			continue;
		}
		assert_int_equal(size, len);
		assert_memory_equal(again, block, len);
	}
}

static enum pw_error bad_frame(const struct vector *v)
{
	uint8_t wire[PW_WIRE_MAX], buf[PW_FRAME_MAX];
	size_t len = need_hex(v, "bytes", wire, sizeof(wire));
	enum pw_error error = PW_OK;
	struct pw_frame frame;
	struct pw_decoder d;
	bool done = false;

	pw_decoder_init(&d, buf, sizeof(buf));
	assert_int_equal(pw_decoder_push(&d, wire, len, &done, &error, &frame), len);
	assert_true(done);
	return error;
}

static enum pw_error bad_record(const struct vector *v)
{
	uint8_t bytes[PW_REC_MAX];
	size_t len = need_hex(v, "bytes", bytes, sizeof(bytes)), size;
	union pw_rec_body body;
	enum pw_error error;
	struct pw_rec rec;

	error = pw_rec_next(bytes, len, &rec, &size);
	return error == PW_OK ? pw_rec_decode(&rec, &body) : error;
}

static void what_must_be_rejected(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		enum pw_error error = PW_OK;
		uint8_t bytes[PW_PAYLOAD_MAX];
		struct pw_msg msg;
		uint32_t count_;
		size_t len;

		if (!is(v, "bad"))
			continue;
		if (strcmp(v->about, "frame") == 0) {
			error = bad_frame(v);
		} else if (strcmp(v->about, "record") == 0) {
			error = bad_record(v);
		} else if (strcmp(v->about, "cycles") == 0) {
			len = need_hex(v, "block", bytes, sizeof(bytes));
			error = pw_cycles_decode(bytes, len, NULL, NULL, PW_CYCLES_MAX, &count_);
		} else if (strncmp(v->about, "message ", 8) == 0) {
			len = need_hex(v, "payload", bytes, sizeof(bytes));
			error = pw_msg_decode(type_named(v, "message", v->about + 8), bytes, len,
					      &msg);
		} else {
			fail_msg("proto/README.md:%u: bad what?", v->at);
		}
		if (error != error_of(v))
			fail_msg("proto/README.md:%u: %s, not %s", v->at, pw_error_name(error),
				 need(v, "error"));
		n++;
	}
	assert_true(n >= 10);
}

static void no_vector_is_overlooked(void **state)
{
	static const char *const kinds[] = {"crc", "frame", "message", "record", "cycles", "bad"};

	(void)state;
	assert_true(n_vectors > 0);
	for (size_t i = 0; i < n_vectors; i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			known = known || is(&vectors[i], kinds[k]);
		if (!known)
			fail_msg("proto/README.md:%u: a vector of what?", vectors[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_vector_is_overlooked),
		cmocka_unit_test(every_type_has_a_vector),
		cmocka_unit_test(crcs),
		cmocka_unit_test(frames),
		cmocka_unit_test(messages),
		cmocka_unit_test(records),
		cmocka_unit_test(cycle_blocks),
		cmocka_unit_test(what_must_be_rejected),
	};

	return cmocka_run_group_tests_name("pw_vectors", tests, read_document, forget_document);
}
