/* SPDX-License-Identifier: MIT */
/* Frames: CRC-32C in all its builds, COBS, the push decoder at any split, damage, and the counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_frame.h"

/* The other builds of the CRC: crc_sliced() comes with the first of these, the nibble table is the
 * second. */
uint32_t crc_hosted(uint32_t crc, const void *data, size_t len);
uint32_t crc_small(uint32_t crc, const void *data, size_t len);
#define pw_crc32c crc_hosted
#include "../../proto/pw_crc32c.c"
#undef pw_crc32c
#define pw_crc32c crc_small
#define PW_SMALL
#include "../../proto/pw_crc32c.c"
#undef PW_SMALL
#undef pw_crc32c

static uint32_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * below >> 24);
}

/* Bytes of which about one in @one_in is zero; 0: none is. */
static void fill(uint8_t *p, size_t len, uint32_t one_in)
{
	for (size_t i = 0; i < len; i++)
		p[i] = one_in && rnd(one_in) == 0 ? 0 : (uint8_t)(1 + rnd(255));
}

/* ---- CRC ---- */

static uint32_t crc_bitwise(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static void crc_has_the_check_value(void **state)
{
	(void)state;
	assert_int_equal(pw_crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc_small(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(~crc_sliced(~0u, (const uint8_t *)"123456789", 9), 0xe3069283u);
	assert_int_equal(pw_crc32c(0, NULL, 0), 0);
}

static void crc_builds_agree(void **state)
{
	uint8_t data[300];

	(void)state;
	seed = 1;
	fill(data, sizeof(data), 20);
	for (size_t from = 0; from < 9; from++) {
		for (size_t len = 0; from + len <= sizeof(data); len += 1 + len / 20) {
			uint32_t start = rnd(1u << 24) * 255u,
				 expected = crc_bitwise(start, data + from, len);

			assert_int_equal(pw_crc32c(start, data + from, len), expected);
			assert_int_equal(crc_hosted(start, data + from, len), expected);
			assert_int_equal(crc_small(start, data + from, len), expected);
			assert_int_equal(~crc_sliced(~start, data + from, len), expected);
		}
	}
}

static void crc_goes_on_piece_by_piece(void **state)
{
	uint8_t data[64];
	uint32_t whole;

	(void)state;
	seed = 2;
	fill(data, sizeof(data), 20);
	whole = pw_crc32c(0, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++)
		assert_int_equal(pw_crc32c(pw_crc32c(0, data, cut), data + cut, sizeof(data) - cut),
				 whole);
}

/* ---- encoding ---- */

/* COBS as its definition says, byte by byte. */
static size_t cobs_plain(const uint8_t *data, size_t len, uint8_t *out)
{
	size_t at = 0, i = 0;

	for (;;) {
		size_t n = 0;

		while (i + n < len && n < 254 && data[i + n] != 0)
			n++;
		out[at++] = (uint8_t)(n + 1);
		memcpy(out + at, data + i, n);
		at += n;
		i += n;
		if (i == len)
			break;
		if (n < 254)
			i++; /* the zero */
	}
	out[at++] = 0;
	return at;
}

static size_t wire_of(uint8_t type, uint16_t number, const uint8_t *payload, size_t len,
		      uint8_t *out)
{
	uint8_t frame[PW_FRAME_MAX] = {type, 0, (uint8_t)number, (uint8_t)(number >> 8)};

	memcpy(frame + 4, payload, len);
	pw_put32(frame + 4 + len, pw_crc32c(0, frame, 4 + len));
	return cobs_plain(frame, len + 8, out);
}

static void encode_writes_what_the_definition_says(void **state)
{
	static const uint32_t zeros[] = {0, 1, 3, 100, 400};
	uint8_t payload[PW_PAYLOAD_MAX], wire[PW_WIRE_MAX], expected[PW_WIRE_MAX + 2];

	(void)state;
	seed = 3;
	for (size_t z = 0; z < sizeof(zeros) / sizeof(zeros[0]); z++) {
		for (size_t len = 0; len <= PW_PAYLOAD_MAX; len++) {
			size_t got = 0, want;
			uint16_t number = (uint16_t)rnd(65536);

			fill(payload, len, zeros[z]);
			want = wire_of(0x43, number, payload, len, expected);
			assert_int_equal(pw_frame_encode(0x43, number, payload, len, wire,
							 sizeof(wire), &got),
					 PW_OK);
			assert_int_equal(got, want);
			assert_memory_equal(wire, expected, want);
			assert_true(got <= PW_WIRE_BOUND(len));
			assert_null(memchr(wire, 0, got - 1));
			/* It fits exactly or not at all, and writes nothing beyond. */
			assert_int_equal(
				pw_frame_encode(0x43, number, payload, len, wire, want, &got),
				PW_OK);
			wire[want - 1] = 0xa5;
			got = 12345;
			assert_int_equal(
				pw_frame_encode(0x43, number, payload, len, wire, want - 1, &got),
				PW_E_SPACE);
			assert_int_equal(wire[want - 1], 0xa5);
			assert_int_equal(got, 12345);
		}
	}
}

static void encode_refuses(void **state)
{
	static uint8_t payload[PW_PAYLOAD_MAX + 1];
	uint8_t wire[2 * PW_WIRE_MAX];
	size_t len;

	(void)state;
	assert_int_equal(pw_frame_encode(1, 0, payload, sizeof(payload), wire, sizeof(wire), &len),
			 PW_E_LONG);
	for (size_t cap = 0; cap < 10; cap++) {
		uint8_t *out = malloc(cap ? cap : 1);

		assert_int_equal(pw_frame_encode(1, 0, NULL, 0, out, cap, &len), PW_E_SPACE);
		free(out);
	}
	assert_int_equal(pw_frame_encode(1, 0, NULL, 0, wire, 10, &len), PW_OK);
	assert_int_equal(len, 10);
}

/* ---- decoding ---- */

/* What a decoder said, in a form that can be compared. */
struct event {
	enum pw_error error;
	uint8_t type, flags;
	uint16_t number;
	size_t len;
	uint32_t crc;
};

struct heard {
	struct event event[400];
	size_t n;
};

static void push(struct pw_decoder *d, const uint8_t *data, size_t len, struct heard *heard)
{
	while (len > 0) {
		struct pw_frame frame;
		enum pw_error error;
		bool done = false;
		/* From a block of its own, so that a read beyond it shows. */
		uint8_t *copy = malloc(len);
		size_t n;

		memcpy(copy, data, len);
		n = pw_decoder_push(d, copy, len, &done, &error, &frame);
		free(copy);
		assert_true(n > 0 && n <= len);
		if (done) {
			struct event *e = &heard->event[heard->n++];

			assert_true(heard->n < 400);
			*e = (struct event){.error = error};
			if (error == PW_OK) {
				e->type = frame.type;
				e->flags = frame.flags;
				e->number = frame.number;
				e->len = frame.len;
				e->crc = pw_crc32c(0, frame.payload, frame.len);
			}
		} else {
			assert_int_equal(n, len);
		}
		data += n;
		len -= n;
	}
}

/* Good frames of all sizes with damage between: cut, flipped, noise, delimiters in a row. */
static size_t make_stream(uint8_t *stream, size_t cap)
{
	uint8_t payload[PW_PAYLOAD_MAX], wire[PW_WIRE_MAX];
	uint16_t number = 65500;
	size_t at = 0, n = 0;

	while (at + 2 * PW_WIRE_MAX + 2000 < cap) {
		size_t len = rnd(4) ? rnd(60) : rnd(PW_PAYLOAD_MAX + 1);

		fill(payload, len, rnd(3) ? 10 : 0);
		assert_int_equal(pw_frame_encode((uint8_t)rnd(256), number++, payload, len, wire,
						 sizeof(wire), &n),
				 PW_OK);
		switch (rnd(8)) {
		case 0: /* its end is missing */
			n = rnd((uint32_t)n);
			break;
		case 1:
			wire[rnd((uint32_t)n)] ^= (uint8_t)(1u << rnd(8));
			break;
		case 2:
			stream[at++] = 0;
			stream[at++] = 0;
			break;
		case 3: { /* noise without a delimiter: at times longer than any frame */
			size_t noise = rnd(1500);

			fill(stream + at, noise, 0);
			at += noise;
			break;
		}
		}
		memcpy(stream + at, wire, n);
		at += n;
	}
	return at;
}

static void any_split_gives_the_same_frames(void **state)
{
	static uint8_t stream[60000];
	static struct heard whole, split;
	uint8_t buf[PW_FRAME_MAX];
	struct pw_decoder a, b;
	size_t len;

	(void)state;
	seed = 4;
	len = make_stream(stream, sizeof(stream));
	pw_decoder_init(&a, buf, sizeof(buf));
	whole.n = 0;
	push(&a, stream, len, &whole);
	assert_true(a.frames > 50 && a.bad_cobs > 0 && a.bad_crc > 0 && a.bad_long > 0 &&
		    a.lost > 0);
	assert_int_equal(a.frames + a.bad_cobs + a.bad_crc + a.bad_short + a.bad_long, whole.n);
	assert_int_equal(a.bytes, len);
	for (int round = 0; round < 30; round++) {
		static const uint32_t most[] = {1, 2, 3, 10, 100, 1000, 5000};
		uint32_t piece = most[(size_t)round % (sizeof(most) / sizeof(most[0]))];

		pw_decoder_init(&b, buf, sizeof(buf));
		split.n = 0;
		for (size_t at = 0; at < len;) {
			size_t n = 1 + rnd(piece);

			if (n > len - at)
				n = len - at;
			push(&b, stream + at, n, &split);
			at += n;
		}
		assert_int_equal(split.n, whole.n);
		assert_memory_equal(split.event, whole.event, whole.n * sizeof(struct event));
		assert_int_equal(b.frames, a.frames);
		assert_int_equal(b.bad_cobs, a.bad_cobs);
		assert_int_equal(b.bad_crc, a.bad_crc);
		assert_int_equal(b.bad_short, a.bad_short);
		assert_int_equal(b.bad_long, a.bad_long);
		assert_int_equal(b.lost, a.lost);
		assert_int_equal(b.bytes, a.bytes);
	}
}

/* Decodes @wire with a fresh decoder over @cap bytes; one event is expected. */
static struct event one(const uint8_t *wire, size_t len, size_t cap)
{
	uint8_t *buf = malloc(cap);
	struct pw_decoder d;
	struct heard heard = {.n = 0};

	pw_decoder_init(&d, buf, cap);
	push(&d, wire, len, &heard);
	free(buf);
	assert_int_equal(heard.n, 1);
	return heard.event[0];
}

static void every_length_comes_back(void **state)
{
	uint8_t payload[PW_PAYLOAD_MAX], wire[PW_WIRE_MAX];

	(void)state;
	seed = 5;
	for (size_t len = 0; len <= PW_PAYLOAD_MAX; len++) {
		struct event e;
		size_t n = 0;

		fill(payload, len, len % 3 ? 30 : 0);
		assert_int_equal(
			pw_frame_encode(0x81, 0xbeef, payload, len, wire, sizeof(wire), &n), PW_OK);
		e = one(wire, n, PW_FRAME_MAX);
		assert_int_equal(e.error, PW_OK);
		assert_int_equal(e.type, 0x81);
		assert_int_equal(e.flags, 0);
		assert_int_equal(e.number, 0xbeef);
		assert_int_equal(e.len, len);
		assert_int_equal(e.crc, pw_crc32c(0, payload, len));
	}
}

static void a_flipped_bit_is_never_a_frame(void **state)
{
	uint8_t payload[300], wire[PW_WIRE_MAX], buf[PW_FRAME_MAX];
	size_t n = 0;

	(void)state;
	seed = 6;
	fill(payload, sizeof(payload), 40);
	assert_int_equal(pw_frame_encode(7, 9, payload, sizeof(payload), wire, sizeof(wire), &n),
			 PW_OK);
	for (size_t bit = 0; bit < (n - 1) * 8; bit++) {
		struct heard heard = {.n = 0};
		struct pw_decoder d;

		wire[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		pw_decoder_init(&d, buf, sizeof(buf));
		push(&d, wire, n, &heard);
		wire[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_true(heard.n >= 1);
		for (size_t i = 0; i < heard.n; i++)
			assert_int_not_equal(heard.event[i].error, PW_OK);
		assert_int_equal(d.frames, 0);
	}
}

static void flags_are_handed_on(void **state)
{
	uint8_t frame[12] = {1, 0x80, 2, 0, 'a', 'b', 'c', 'd'}, wire[20];
	struct event e;

	(void)state;
	pw_put32(frame + 8, pw_crc32c(0, frame, 8));
	e = one(wire, cobs_plain(frame, sizeof(frame), wire), 64);
	assert_int_equal(e.error, PW_OK);
	assert_int_equal(e.flags, 0x80);
	assert_int_equal(e.len, 4);
}

/* An encoder that closes a full last group with an empty one means the same frame. */
static void an_empty_last_group_is_accepted(void **state)
{
	uint8_t payload[254 - 8], wire[300];
	size_t n = 0;

	(void)state;
	for (uint32_t number = 0x0101;; number++) {
		uint8_t head[4] = {1, 1, (uint8_t)number, (uint8_t)(number >> 8)};
		uint32_t crc;

		/* A frame of 254 bytes without a zero needs a flags byte that is not zero, and luck
		 * with the CRC. */
		memset(payload, 0x55, sizeof(payload));
		crc = pw_crc32c(pw_crc32c(0, head, 4), payload, sizeof(payload));
		if (!(crc & 255) || !(crc >> 8 & 255) || !(crc >> 16 & 255) || !(crc >> 24) ||
		    !head[2] || !head[3])
			continue;
		wire[n++] = 255;
		memcpy(wire + n, head, 4);
		memcpy(wire + n + 4, payload, sizeof(payload));
		pw_put32(wire + n + 250, crc);
		n += 254;
		break;
	}
	wire[n] = 0;
	assert_int_equal(one(wire, n + 1, 254).error, PW_OK);
	wire[n] = 1;
	wire[n + 1] = 0;
	assert_int_equal(one(wire, n + 2, 254).error, PW_OK);
	assert_int_equal(one(wire, n + 2, 254).len, sizeof(payload));
}

static void bad_frames_say_why(void **state)
{
	static const uint8_t cobs[] = {5, 1, 2, 0}, shortest[] = {1, 0},
			     seven[] = {8, 1, 2, 3, 4, 5, 6, 7, 0};
	static const uint8_t crc[] = {9, 1, 2, 3, 4, 5, 6, 7, 8, 0};
	static const uint8_t zeros[] = {1, 1, 1, 1, 1, 1, 1, 1, 0};
	uint8_t payload[PW_PAYLOAD_MAX] = {0}, wire[2 * PW_WIRE_MAX];
	size_t n = 0;

	(void)state;
	assert_int_equal(one(cobs, sizeof(cobs), 64).error, PW_E_COBS);
	assert_int_equal(one(shortest, sizeof(shortest), 64).error, PW_E_SHORT);
	assert_int_equal(one(seven, sizeof(seven), 64).error, PW_E_SHORT);
	assert_int_equal(one(zeros, sizeof(zeros), 64).error, PW_E_SHORT);
	assert_int_equal(one(crc, sizeof(crc), 64).error, PW_E_CRC);
	/* One byte more than the buffer takes, by data and by a zero that a group implies. */
	memset(payload, 0x11, sizeof(payload));
	assert_int_equal(pw_frame_encode(1, 1, payload, 57, wire, sizeof(wire), &n), PW_OK);
	assert_int_equal(one(wire, n, 64).error, PW_E_LONG);
	assert_int_equal(one(wire, n, 65).error, PW_OK);
	memset(wire, 1, 65);
	wire[65] = 0;
	assert_int_equal(one(wire, 66, 63).error, PW_E_LONG);
	assert_int_equal(one(wire, 66, 64).error, PW_E_CRC);
	/* A buffer larger than the limit does not raise the limit. */
	memset(wire, 1, PW_FRAME_MAX + 2);
	wire[PW_FRAME_MAX + 2] = 0;
	assert_int_equal(one(wire, PW_FRAME_MAX + 3, 4096).error, PW_E_LONG);
	assert_int_equal(one(wire + 1, PW_FRAME_MAX + 2, 4096).error, PW_E_CRC);
}

static void a_bad_frame_costs_only_itself(void **state)
{
	uint8_t buf[64], wire[2 * PW_WIRE_MAX];
	struct heard heard = {.n = 0};
	struct pw_decoder d;
	size_t n = 0;

	(void)state;
	pw_decoder_init(&d, buf, sizeof(buf));
	memset(wire, 0xff, 500);
	wire[500] = 0;
	push(&d, wire, 501, &heard);
	assert_int_equal(pw_frame_encode(3, 1, NULL, 0, wire, sizeof(wire), &n), PW_OK);
	push(&d, wire, n, &heard);
	push(&d, (const uint8_t *)"\0\0\0", 3, &heard);
	push(&d, wire, n, &heard);
	assert_int_equal(heard.n, 3);
	assert_int_equal(heard.event[0].error, PW_E_LONG);
	assert_int_equal(heard.event[1].error, PW_OK);
	assert_int_equal(heard.event[2].error, PW_OK);
	assert_int_equal(d.bad_long, 1);
	assert_int_equal(d.frames, 2);
}

static void lost_frames_are_counted(void **state)
{
	/* number received, frames lost after it */
	static const struct {
		uint16_t number;
		uint32_t lost;
	} steps[] = {
		{1000, 0},	    {1001, 0},
		{1003, 1},	    {1003, 1},
		{1004, 1},	    {1010, 6},
		{1009, 6},	    {1010, 6},
		{33777, 32772},	    {0xffff - 1, 32772 + 31756},
		{1, 32772 + 31758}, {0, 32772 + 31758},
	};
	uint8_t buf[64], wire[20];
	struct heard heard = {.n = 0};
	struct pw_decoder d;
	size_t n = 0;

	(void)state;
	pw_decoder_init(&d, buf, sizeof(buf));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(
			pw_frame_encode(3, steps[i].number, NULL, 0, wire, sizeof(wire), &n),
			PW_OK);
		push(&d, wire, n, &heard);
		assert_int_equal(d.lost, steps[i].lost);
	}
	/* After a reset nobody knows what was before. */
	pw_decoder_reset(&d);
	assert_int_equal(pw_frame_encode(3, 500, NULL, 0, wire, sizeof(wire), &n), PW_OK);
	push(&d, wire, n, &heard);
	assert_int_equal(d.lost, 32772 + 31758);
	assert_int_equal(d.frames, sizeof(steps) / sizeof(steps[0]) + 1);
}

static void reset_forgets_half_a_frame(void **state)
{
	uint8_t buf[64], wire[20];
	struct heard heard = {.n = 0};
	struct pw_decoder d;
	size_t n = 0;

	(void)state;
	pw_decoder_init(&d, buf, sizeof(buf));
	assert_int_equal(pw_frame_encode(3, 500, NULL, 0, wire, sizeof(wire), &n), PW_OK);
	for (size_t cut = 1; cut < n; cut++) {
		push(&d, wire, cut, &heard);
		pw_decoder_reset(&d);
		push(&d, wire, n, &heard);
	}
	assert_int_equal(d.frames, n - 1);
	assert_int_equal(heard.n, n - 1);
}

static void errors_have_names(void **state)
{
	(void)state;
	for (int a = PW_OK; a <= PW_E_AHEAD; a++)
		for (int b = PW_OK; b < a; b++)
			assert_string_not_equal(pw_error_name((enum pw_error)a),
						pw_error_name((enum pw_error)b));
	assert_non_null(pw_error_name((enum pw_error)999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_has_the_check_value),
		cmocka_unit_test(crc_builds_agree),
		cmocka_unit_test(crc_goes_on_piece_by_piece),
		cmocka_unit_test(encode_writes_what_the_definition_says),
		cmocka_unit_test(encode_refuses),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(any_split_gives_the_same_frames),
		cmocka_unit_test(a_flipped_bit_is_never_a_frame),
		cmocka_unit_test(flags_are_handed_on),
		cmocka_unit_test(an_empty_last_group_is_accepted),
		cmocka_unit_test(bad_frames_say_why),
		cmocka_unit_test(a_bad_frame_costs_only_itself),
		cmocka_unit_test(lost_frames_are_counted),
		cmocka_unit_test(reset_forgets_half_a_frame),
		cmocka_unit_test(errors_have_names),
	};

	return cmocka_run_group_tests_name("pw_frame", tests, NULL, NULL);
}
