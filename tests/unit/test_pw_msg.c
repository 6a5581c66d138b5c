/* SPDX-License-Identifier: MIT */
/* Messages: both directions with random fields, every length, every limit; texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_msg.h"

static const struct {
	uint8_t type;
	size_t size;
} types[] = {
	{PW_MSG_HELLO, PW_HELLO_SIZE},	     {PW_MSG_READ, PW_READ_SIZE},
	{PW_MSG_ACK, PW_ACK_SIZE},	     {PW_MSG_PING, PW_PING_SIZE},
	{PW_MSG_IDENTIFY, PW_IDENTIFY_SIZE}, {PW_MSG_IDENTITY, PW_IDENTITY_SIZE},
	{PW_MSG_STATUS, PW_STATUS_SIZE},     {PW_MSG_RECORDS, PW_RECORDS_HEAD},
	{PW_MSG_PONG, PW_PONG_SIZE},	     {PW_MSG_REFUSED, PW_REFUSED_SIZE},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(0x9e3779b97f4a7c15);
}

/* Decodes from a block of exactly @len bytes. */
static enum pw_error decode(uint8_t type, const uint8_t *p, size_t len, struct pw_msg *msg)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum pw_error error;

	memcpy(copy, p, len);
	error = pw_msg_decode(type, copy, len, msg);
	if (error == PW_OK && type == PW_MSG_RECORDS) {
		assert_ptr_equal(msg->records.data, copy + PW_RECORDS_HEAD);
		msg->records.data = p + PW_RECORDS_HEAD;
	}
	free(copy);
	return error;
}

/* A payload of random bytes that is valid: what is out of range is put right. */
static void random_payload(uint8_t type, uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(rnd() >> 40);
	switch (type) {
	case PW_MSG_HELLO:
		p[0] = 1;
		p[1] |= 1;
		break;
	case PW_MSG_READ:
		p[0] |= 1;
		p[23] = 0x10;
		p[31] = 0x20;
		break;
	case PW_MSG_ACK:
		p[15] &= 0x7f;
		p[16] |= 1;
		break;
	case PW_MSG_IDENTITY:
		p[1] = 1;
		p[2] |= 1;
		p[0] = p[2];
		p[3] %= 3;
		p[27] &= 0x7f;
		p[28] |= 1;
		p[43] = 0x10;
		p[51] = 0x20;
		memset(p + 116, 0, PW_TEXT_SIZE);
		memcpy(p + 116, "SIM-0001", 8);
		break;
	case PW_MSG_STATUS:
		p[7] &= 0x7f;
		p[14] %= 101;
		p[35] = 0x10;
		p[43] = 0x20;
		break;
	case PW_MSG_RECORDS:
		p[0] |= 1;
		p[4] |= 1;
		p[15] = 0x20;
		p[23] = 0x10;
		break;
	case PW_MSG_PONG:
		p[23] = 0x10;
		p[31] = 0x20;
		break;
	}
}

static void clear_reserved(uint8_t type, uint8_t *p)
{
	static const struct {
		uint8_t type, at, len;
	} reserved[] = {
		{PW_MSG_HELLO, 2, 2},	  {PW_MSG_READ, 6, 2},	  {PW_MSG_IDENTIFY, 2, 2},
		{PW_MSG_IDENTITY, 10, 2}, {PW_MSG_STATUS, 15, 1}, {PW_MSG_STATUS, 22, 2},
		{PW_MSG_RECORDS, 6, 2},	  {PW_MSG_REFUSED, 2, 2},
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (reserved[i].type == type)
			memset(p + reserved[i].at, 0, reserved[i].len);
}

/* Every bit that is not reserved arrives in a field and comes back from it. */
static void bytes_survive_both_ways(void **state)
{
	(void)state;
	seed = 1;
	for (int round = 0; round < 200; round++) {
		for (size_t t = 0; t < TYPES; t++) {
			uint8_t wire[256], again[256];
			size_t size = types[t].size + (types[t].type == PW_MSG_RECORDS ? 40 : 0),
			       len = 0;
			struct pw_msg msg;

			random_payload(types[t].type, wire, size);
			assert_int_equal(decode(types[t].type, wire, size, &msg), PW_OK);
			assert_int_equal(msg.type, types[t].type);
			assert_int_equal(pw_msg_encode(&msg, again, sizeof(again), &len), PW_OK);
			assert_int_equal(len, size);
			clear_reserved(types[t].type, wire);
			assert_memory_equal(again, wire, size);
		}
	}
}

static void a_short_payload_is_refused_and_a_long_one_read(void **state)
{
	(void)state;
	seed = 2;
	for (size_t t = 0; t < TYPES; t++) {
		uint8_t wire[256], again[256];
		struct pw_msg msg;
		size_t len = 0;

		random_payload(types[t].type, wire, sizeof(wire));
		for (size_t n = 0; n < types[t].size; n++) {
			memset(&msg, 0x5a, sizeof(msg));
			assert_int_equal(decode(types[t].type, wire, n, &msg), PW_E_SHORT);
			assert_int_equal(msg.type, 0x5a);
		}
		for (size_t n = types[t].size; n < sizeof(wire); n += 7) {
			assert_int_equal(decode(types[t].type, wire, n, &msg), PW_OK);
			assert_int_equal(pw_msg_encode(&msg, again, sizeof(again), &len), PW_OK);
			assert_int_equal(len, types[t].type == PW_MSG_RECORDS ? n : types[t].size);
		}
	}
}

static void encode_needs_its_room(void **state)
{
	(void)state;
	seed = 3;
	for (size_t t = 0; t < TYPES; t++) {
		uint8_t wire[256];
		size_t size = types[t].size + (types[t].type == PW_MSG_RECORDS ? 40 : 0), len = 77;
		struct pw_msg msg;

		random_payload(types[t].type, wire, size);
		assert_int_equal(decode(types[t].type, wire, size, &msg), PW_OK);
		for (size_t cap = 0; cap < size; cap++) {
			uint8_t *out = malloc(cap ? cap : 1);

			assert_int_equal(pw_msg_encode(&msg, out, cap, &len), PW_E_SPACE);
			assert_int_equal(len, 77);
			free(out);
		}
	}
}

static void unknown_types_are_told_apart(void **state)
{
	uint8_t wire[256] = {0};
	struct pw_msg msg = {0};
	size_t len;

	(void)state;
	for (int type = 0; type < 256; type++) {
		bool known = false;

		for (size_t t = 0; t < TYPES; t++)
			known = known || types[t].type == type;
		msg.type = (uint8_t)type;
		if (known)
			continue;
		assert_int_equal(pw_msg_decode((uint8_t)type, wire, sizeof(wire), &msg), PW_E_TYPE);
		assert_int_equal(pw_msg_encode(&msg, wire, sizeof(wire), &len), PW_E_TYPE);
	}
}

/* ---- ranges ---- */

static struct pw_msg valid(uint8_t type)
{
	uint8_t wire[PW_IDENTITY_SIZE];
	struct pw_msg msg;

	seed = 4;
	random_payload(type, wire, sizeof(wire));
	assert_int_equal(pw_msg_decode(type, wire, sizeof(wire), &msg), PW_OK);
	msg.records.data = type == PW_MSG_RECORDS ? NULL : msg.records.data;
	if (type == PW_MSG_RECORDS)
		msg.records.len = 0;
	return msg;
}

/* The same answer from both directions. @good is encoded, @bad cannot be; its bytes are made by
 * changing @good's. */
static void expect(const struct pw_msg *msg, bool ok)
{
	uint8_t wire[256];
	struct pw_msg again;
	size_t len = 0;

	assert_int_equal(pw_msg_encode(msg, wire, sizeof(wire), &len), ok ? PW_OK : PW_E_VALUE);
	if (ok)
		assert_int_equal(decode(msg->type, wire, len, &again), PW_OK);
}

#define EXPECT(type_, member, value, ok)                                                           \
	do {                                                                                       \
		struct pw_msg m_ = valid(type_);                                                   \
		m_.member = (value);                                                               \
		expect(&m_, ok);                                                                   \
	} while (0)

static void ranges_hold_when_encoding(void **state)
{
	const uint64_t limit = UINT64_C(1) << 63;
	struct pw_msg m;

	(void)state;
	EXPECT(PW_MSG_HELLO, hello.version_min, 0, false);
	m = valid(PW_MSG_HELLO);
	m.hello.version_min = m.hello.version_max = 255;
	expect(&m, true);
	m.hello.version_max = 254;
	expect(&m, false);
	EXPECT(PW_MSG_HELLO, hello.host_id, 0, true);

	EXPECT(PW_MSG_READ, read.read_id, 0, false);
	m = valid(PW_MSG_READ);
	m.read.from_seq = m.read.limit_seq = 5;
	expect(&m, true);
	m.read.from_seq = 6;
	expect(&m, false);
	m.read.limit_seq = UINT64_MAX;
	expect(&m, true);
	m.read.from_seq = limit - 1;
	expect(&m, true);
	m.read.from_seq = limit;
	expect(&m, false);

	EXPECT(PW_MSG_ACK, ack.host_id, 0, false);
	EXPECT(PW_MSG_ACK, ack.next_seq, limit - 1, true);
	EXPECT(PW_MSG_ACK, ack.next_seq, limit, false);

	m = valid(PW_MSG_IDENTITY);
	m.identity.version_min = 2;
	m.identity.version_max = 4;
	for (uint8_t version = 0; version < 7; version++) {
		m.identity.version = version;
		expect(&m, version == 0 || (version >= 2 && version <= 4));
	}
	EXPECT(PW_MSG_IDENTITY, identity.version_min, 0, false);
	EXPECT(PW_MSG_IDENTITY, identity.depth_source, PW_DEPTH_SETTING, true);
	EXPECT(PW_MSG_IDENTITY, identity.depth_source, PW_DEPTH_SETTING + 1, false);
	EXPECT(PW_MSG_IDENTITY, identity.tick_us, limit - 1, true);
	EXPECT(PW_MSG_IDENTITY, identity.tick_us, limit, false);
	EXPECT(PW_MSG_IDENTITY, identity.log_id, 0, false);
	EXPECT(PW_MSG_IDENTITY, identity.next_seq, limit, false);
	m = valid(PW_MSG_IDENTITY);
	m.identity.first_seq = m.identity.next_seq = 9;
	expect(&m, true);
	m.identity.first_seq = 10;
	expect(&m, false);

	EXPECT(PW_MSG_STATUS, status.battery_percent, 100, true);
	EXPECT(PW_MSG_STATUS, status.battery_percent, 101, false);
	EXPECT(PW_MSG_STATUS, status.battery_percent, 254, false);
	EXPECT(PW_MSG_STATUS, status.battery_percent, PW_UNKNOWN_U8, true);
	EXPECT(PW_MSG_STATUS, status.tick_us, limit, false);
	EXPECT(PW_MSG_STATUS, status.next_seq, limit, false);
	EXPECT(PW_MSG_STATUS, status.first_seq, limit - 1, false);
	EXPECT(PW_MSG_STATUS, status.flags, 0xffff, true);

	EXPECT(PW_MSG_RECORDS, records.read_id, 0, false);
	EXPECT(PW_MSG_RECORDS, records.count, 0, false);
	m = valid(PW_MSG_RECORDS);
	m.records.avail_seq = m.records.first_seq;
	expect(&m, true);
	m.records.avail_seq++;
	expect(&m, false);
	EXPECT(PW_MSG_RECORDS, records.first_seq, limit - 1, false);

	m = valid(PW_MSG_PONG);
	m.pong.sent_us = m.pong.tick_us;
	expect(&m, true);
	m.pong.sent_us--;
	expect(&m, false);
	EXPECT(PW_MSG_PONG, pong.sent_us, limit, false);
	EXPECT(PW_MSG_REFUSED, refused.reason, 99, true);
}

/* Changes @len bytes of a valid payload to @value: decoding must say PW_E_VALUE. */
static void spoil(uint8_t type, size_t at, size_t len, uint8_t value)
{
	uint8_t wire[PW_IDENTITY_SIZE];
	struct pw_msg msg;

	seed = 5;
	random_payload(type, wire, sizeof(wire));
	assert_int_equal(decode(type, wire, sizeof(wire), &msg), PW_OK);
	memset(wire + at, value, len);
	memset(&msg, 0x5a, sizeof(msg));
	assert_int_equal(decode(type, wire, sizeof(wire), &msg), PW_E_VALUE);
	assert_int_equal(msg.type, 0x5a);
}

static void ranges_hold_when_decoding(void **state)
{
	(void)state;
	spoil(PW_MSG_HELLO, 0, 1, 0);
	spoil(PW_MSG_HELLO, 1, 1, 0);
	spoil(PW_MSG_READ, 0, 4, 0);
	spoil(PW_MSG_READ, 23, 1, 0x80);
	spoil(PW_MSG_READ, 24, 8, 0);
	spoil(PW_MSG_ACK, 15, 1, 0x80);
	spoil(PW_MSG_ACK, 16, 8, 0);
	spoil(PW_MSG_IDENTITY, 1, 1, 0);
	spoil(PW_MSG_IDENTITY, 2, 1, 0);
	spoil(PW_MSG_IDENTITY, 3, 1, 3);
	spoil(PW_MSG_IDENTITY, 27, 1, 0x80);
	spoil(PW_MSG_IDENTITY, 28, 8, 0);
	spoil(PW_MSG_IDENTITY, 44, 8, 0);
	spoil(PW_MSG_IDENTITY, 51, 1, 0x80);
	spoil(PW_MSG_IDENTITY, 116, 32, 0);
	spoil(PW_MSG_IDENTITY, 116, 32, ' ');
	spoil(PW_MSG_IDENTITY, 117, 1, 0);
	spoil(PW_MSG_IDENTITY, 117, 1, '\n');
	spoil(PW_MSG_IDENTITY, 117, 1, 0x7f);
	spoil(PW_MSG_IDENTITY, 117, 1, 0xff);
	spoil(PW_MSG_STATUS, 7, 1, 0x80);
	spoil(PW_MSG_STATUS, 14, 1, 101);
	spoil(PW_MSG_STATUS, 36, 8, 0);
	spoil(PW_MSG_STATUS, 43, 1, 0x80);
	spoil(PW_MSG_RECORDS, 0, 4, 0);
	spoil(PW_MSG_RECORDS, 4, 2, 0);
	spoil(PW_MSG_RECORDS, 8, 8, 0);
	spoil(PW_MSG_RECORDS, 15, 1, 0x80);
	spoil(PW_MSG_PONG, 24, 8, 0);
	spoil(PW_MSG_PONG, 31, 1, 0x80);
}

static void records_may_be_encoded_in_place(void **state)
{
	uint8_t wire[PW_RECORDS_HEAD + 3], apart[PW_RECORDS_HEAD + 3];
	struct pw_msg msg = {.type = PW_MSG_RECORDS};
	size_t len = 0;

	(void)state;
	msg.records = (struct pw_records){
		.read_id = 1, .count = 1, .first_seq = 7, .avail_seq = 2, .len = 3};
	for (size_t at = 0; at <= PW_RECORDS_HEAD; at++) {
		memcpy(wire + at, "abc", 3);
		msg.records.data = wire + at;
		assert_int_equal(pw_msg_encode(&msg, wire, sizeof(wire), &len), PW_OK);
		msg.records.data = (const uint8_t *)"abc";
		assert_int_equal(pw_msg_encode(&msg, apart, sizeof(apart), &len), PW_OK);
		assert_memory_equal(wire, apart, len);
	}
}

/* ---- texts ---- */

static void texts_are_cut_at_characters(void **state)
{
	static const struct {
		const char *text, *kept;
	} cases[] = {
		{"", ""},
		{"pen", "pen"},
		{"0123456789012345678901234567890", "0123456789012345678901234567890"},
		{"01234567890123456789012345678901", "01234567890123456789012345678901"},
		{"012345678901234567890123456789012", "01234567890123456789012345678901"},
		/* two, three and four bytes across the end */
		{"0123456789012345678901234567890\u00fc", "0123456789012345678901234567890"},
		{"012345678901234567890123456789\u00fcx", "012345678901234567890123456789\u00fc"},
		{"012345678901234567890123456789\u20ac", "012345678901234567890123456789"},
		{"01234567890123456789012345678\u20ac", "01234567890123456789012345678\u20ac"},
		{"0123456789012345678901234567890\U0001f58a", "0123456789012345678901234567890"},
		{"012345678901234567890123456789\U0001f58a", "012345678901234567890123456789"},
		{"01234567890123456789012345678\U0001f58a", "01234567890123456789012345678"},
		{"0123456789012345678901234567\U0001f58a",
		 "0123456789012345678901234567\U0001f58a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t field[PW_TEXT_SIZE];
		char out[PW_TEXT_SIZE + 1];
		size_t len;

		memset(field, 0xee, sizeof(field));
		pw_text_put(field, cases[i].text);
		len = pw_text_get(field, out);
		assert_string_equal(out, cases[i].kept);
		assert_int_equal(len, strlen(cases[i].kept));
		for (size_t at = len; at < sizeof(field); at++)
			assert_int_equal(field[at], 0);
	}
}

static void bad_bytes_become_question_marks(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *shown;
	} cases[] = {
		{"a\0b", 3, "a?b"},
		{"a\nb\x1b[2J\x7f", 8, "a?b?[2J?"},
		{"\xc3\xbc", 2, "\xc3\xbc"},
		{"\xc2\x85x", 3, "??x"}, /* a control character of two bytes */
		{"\xc2\xa0x", 3, "\xc2\xa0x"},
		{"\xc0\xaf", 2, "??"},	    /* overlong */
		{"\xe0\x9f\xbf", 3, "???"}, /* overlong */
		{"\xe0\xa0\x80", 3, "\xe0\xa0\x80"},
		{"\xed\xa0\x80", 3, "???"}, /* a surrogate */
		{"\xed\x9f\xbf", 3, "\xed\x9f\xbf"},
		{"\xf0\x8f\xbf\xbf", 4, "????"}, /* overlong */
		{"\xf0\x90\x80\x80", 4, "\xf0\x90\x80\x80"},
		{"\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", 4, "????"}, /* beyond Unicode */
		{"\xf5\x80\x80\x80", 4, "????"},
		{"\xe2\x82", 2, "??"}, /* cut off */
		{"\xe2\x28\xa1", 3, "?(?"},
		{"\x80\xff", 2, "??"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t field[PW_TEXT_SIZE] = {0};
		char out[PW_TEXT_SIZE + 1];

		memcpy(field, cases[i].bytes, cases[i].len);
		assert_int_equal(pw_text_get(field, out), strlen(cases[i].shown));
		assert_string_equal(out, cases[i].shown);
		/* And at the very end of the field, where a character has no room to go on. */
		memset(field, 'x', sizeof(field));
		memcpy(field + PW_TEXT_SIZE - cases[i].len, cases[i].bytes, cases[i].len);
		assert_int_equal(pw_text_get(field, out), PW_TEXT_SIZE);
		assert_string_equal(out + PW_TEXT_SIZE - cases[i].len, cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_survive_both_ways),
		cmocka_unit_test(a_short_payload_is_refused_and_a_long_one_read),
		cmocka_unit_test(encode_needs_its_room),
		cmocka_unit_test(unknown_types_are_told_apart),
		cmocka_unit_test(ranges_hold_when_encoding),
		cmocka_unit_test(ranges_hold_when_decoding),
		cmocka_unit_test(records_may_be_encoded_in_place),
		cmocka_unit_test(texts_are_cut_at_characters),
		cmocka_unit_test(bad_bytes_become_question_marks),
	};

	return cmocka_run_group_tests_name("pw_msg", tests, NULL, NULL);
}
