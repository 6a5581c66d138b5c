/* SPDX-License-Identifier: MIT */
/* Frames: any bytes in any pieces give the same frames, and every frame comes back from its
 * encoding. */
#include <stdlib.h>
#include <string.h>

#include "pw_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

struct summary {
	uint64_t ended;
	uint32_t crc; /* over all that was said, in order */
};

static void note(struct summary *s, enum pw_error error, const struct pw_frame *frame)
{
	uint8_t word[5] = {(uint8_t)error};

	s->ended++;
	s->crc = pw_crc32c(s->crc, word, 1);
	if (error != PW_OK)
		return;
	word[1] = frame->type;
	word[2] = frame->flags;
	pw_put16(word + 3, frame->number);
	s->crc = pw_crc32c(s->crc, word + 1, 4);
	s->crc = pw_crc32c(s->crc, frame->payload, frame->len);
}

/* A frame that arrived can be sent on, but for its flags. */
static void send_on(const struct pw_frame *frame)
{
	uint8_t wire[PW_WIRE_MAX], buf[PW_FRAME_MAX];
	struct pw_decoder d;
	struct pw_frame again;
	enum pw_error error;
	size_t len;
	bool done;

	CHECK(pw_frame_encode(frame->type, frame->number, frame->payload, frame->len, wire,
			      sizeof(wire), &len) == PW_OK);
	CHECK(len <= PW_WIRE_BOUND(frame->len) && wire[len - 1] == 0 &&
	      memchr(wire, 0, len - 1) == NULL);
	CHECK(pw_frame_encode(frame->type, frame->number, frame->payload, frame->len, wire, len,
			      &len) == PW_OK);
	pw_decoder_init(&d, buf, sizeof(buf));
	CHECK(pw_decoder_push(&d, wire, len, &done, &error, &again) == len && done &&
	      error == PW_OK);
	CHECK(again.type == frame->type && again.number == frame->number &&
	      again.len == frame->len);
	CHECK(memcmp(again.payload, frame->payload, frame->len) == 0);
}

static struct summary feed(struct pw_decoder *d, const uint8_t *data, size_t size, size_t piece)
{
	struct summary s = {0};

	for (size_t at = 0; at < size;) {
		size_t n = piece && piece < size - at ? piece : size - at, took;
		struct pw_frame frame;
		enum pw_error error;
		bool done;

		took = pw_decoder_push(d, data + at, n, &done, &error, &frame);
		CHECK(took > 0 && took <= n && (done || took == n));
		if (done)
			note(&s, error, &frame);
		if (done && error == PW_OK)
			send_on(&frame);
		at += took;
	}
	return s;
}

/* Both ways of feeding the same bytes. */
static void check(const uint8_t *data, size_t size, size_t cap, size_t piece)
{
	struct summary whole, pieces;
	struct pw_decoder a, b;
	uint8_t *buf = malloc(cap);

	CHECK(buf);
	pw_decoder_init(&a, buf, cap);
	whole = feed(&a, data, size, 0);
	pw_decoder_init(&b, buf, cap);
	pieces = feed(&b, data, size, piece);
	CHECK(whole.ended == pieces.ended && whole.crc == pieces.crc);
	CHECK(a.frames == b.frames && a.bad_cobs == b.bad_cobs && a.bad_crc == b.bad_crc &&
	      a.bad_short == b.bad_short && a.bad_long == b.bad_long && a.lost == b.lost &&
	      a.bytes == b.bytes && a.bytes == size);
	free(buf);
}

/*
 * Fuzzers do not guess CRCs: makes frames of the input, each from a length, a type, a number and
 * that many bytes of payload. What is left over follows as it is.
 */
static size_t make_frames(const uint8_t *data, size_t size, uint8_t *out, size_t cap)
{
	size_t at = 0, len;

	while (size >= 3) {
		size_t take = data[0] * 4u < size - 3 ? data[0] * 4u : size - 3;

		if (pw_frame_encode(data[1], data[2], data + 3, take, out + at, cap - at, &len) !=
		    PW_OK)
			break;
		at += len;
		data += 3 + take;
		size -= 3 + take;
	}
	len = size < cap - at ? size : cap - at;
	memcpy(out + at, data, len);
	return at + len;
}

/* The first byte says how large the buffer is, how the rest is cut, and whether frames are to be
 * made of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t caps[] = {PW_FRAME_MIN, 64, 255, PW_FRAME_MAX};
	uint8_t *wire;
	size_t cap, piece, len;

	if (size == 0)
		return 0;
	cap = caps[data[0] & 3];
	piece = 1 + (data[0] >> 2 & 31);
	if (!(data[0] & 0x80)) {
		check(data + 1, size - 1, cap, piece);
		return 0;
	}
	wire = malloc(8 * size);
	CHECK(wire);
	len = make_frames(data + 1, size - 1, wire, 8 * size);
	check(wire, len, cap, piece);
	free(wire);
	return 0;
}
