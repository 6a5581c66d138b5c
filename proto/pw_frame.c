/* SPDX-License-Identifier: MIT */
/* Frames: COBS, head, CRC-32C. */
#include "pw_frame.h"
#include "pw_mem.h"

#define COBS_GROUP 254u /* data bytes that the longest group carries */

/*
 * Copies up to @len bytes and stops before the first zero; returns how many it copied. COBS looks
 * at every byte for just this, so it goes by words where those are cheap.
 */
static size_t copy_to_zero(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t i = 0;
#ifndef PW_SMALL
	while (len - i >= 8) {
		uint64_t word;

		memcpy(&word, from + i, 8);
		if ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u)
			break;
		memcpy(to + i, &word, 8);
		i += 8;
	}
#endif
	while (i < len && from[i] != 0) {
		to[i] = from[i];
		i++;
	}
	return i;
}

void pw_decoder_init(struct pw_decoder *d, uint8_t *buf, size_t cap)
{
	*d = (struct pw_decoder){
		.buf = buf,
		.cap = cap < PW_FRAME_MAX ? cap : PW_FRAME_MAX,
	};
}

static void frame_restart(struct pw_decoder *d)
{
	d->len = 0;
	d->left = 0;
	d->zero_due = false;
	d->skipping = false;
	d->started = false;
}

void pw_decoder_reset(struct pw_decoder *d)
{
	frame_restart(d);
	d->have_number = false;
}

static void frame_skip(struct pw_decoder *d, enum pw_error why)
{
	d->skipping = true;
	d->why = (uint8_t)why;
}

/* The delimiter came: judges what is in the buffer. */
static enum pw_error frame_finish(struct pw_decoder *d, struct pw_frame *ret)
{
	if (d->skipping)
		return (enum pw_error)d->why;
	if (d->left > 0)
		return PW_E_COBS;
	if (d->len < PW_FRAME_MIN)
		return PW_E_SHORT;
	if (pw_crc32c(0, d->buf, d->len - PW_FRAME_TAIL) !=
	    pw_get32(d->buf + d->len - PW_FRAME_TAIL))
		return PW_E_CRC;
	*ret = (struct pw_frame){
		.type = d->buf[0],
		.flags = d->buf[1],
		.number = pw_get16(d->buf + 2),
		.payload = d->buf + PW_FRAME_HEAD,
		.len = d->len - PW_FRAME_MIN,
	};
	return PW_OK;
}

static void frame_count(struct pw_decoder *d, enum pw_error error, const struct pw_frame *frame)
{
	uint16_t ahead;

	switch (error) {
	case PW_OK:
		/* More than half the circle ahead is a step back: the sender started anew or
		 * doubled a frame. */
		ahead = (uint16_t)(frame->number - d->number);
		if (d->have_number && ahead > 1 && ahead < 0x8000)
			d->lost += ahead - 1u;
		d->have_number = true;
		d->number = frame->number;
		d->frames++;
		break;
	case PW_E_COBS:
		d->bad_cobs++;
		break;
	case PW_E_CRC:
		d->bad_crc++;
		break;
	case PW_E_SHORT:
		d->bad_short++;
		break;
	default:
		d->bad_long++;
		break;
	}
}

/* Takes a code byte, which opens a group. */
static void group_open(struct pw_decoder *d, uint8_t code)
{
	if (d->zero_due) {
		if (d->len == d->cap) {
			frame_skip(d, PW_E_LONG);
			return;
		}
		d->buf[d->len++] = 0;
	}
	d->left = (uint8_t)(code - 1);
	d->zero_due = code <= COBS_GROUP;
}

/* Takes data bytes of the group, the first of which is not zero; returns how many, none if the
 * buffer is full. */
static size_t group_fill(struct pw_decoder *d, const uint8_t *data, size_t len)
{
	size_t room = d->cap - d->len, n = len < d->left ? len : d->left;

	if (room == 0) {
		frame_skip(d, PW_E_LONG);
		return 0;
	}
	n = copy_to_zero(d->buf + d->len, data, n < room ? n : room);
	d->len += n;
	d->left = (uint8_t)(d->left - n);
	return n;
}

size_t pw_decoder_push(struct pw_decoder *d, const uint8_t *data, size_t len, bool *ret_done,
		       enum pw_error *ret_error, struct pw_frame *ret_frame)
{
	size_t at = 0;

	while (at < len) {
		if (data[at] == 0) {
			bool ended = d->started;

			at++;
			if (ended) {
				enum pw_error error = frame_finish(d, ret_frame);

				frame_count(d, error, ret_frame);
				frame_restart(d);
				d->bytes += at;
				*ret_error = error;
				*ret_done = true;
				return at;
			}
			continue;
		}
		d->started = true;
		if (d->skipping)
			at++;
		else if (d->left == 0)
			group_open(d, data[at++]);
		else
			at += group_fill(d, data + at, len - at);
	}
	d->bytes += at;
	*ret_done = false;
	return at;
}

/* An open COBS group in the making. */
struct cobs {
	uint8_t *out;
	size_t cap;
	size_t at;   /* where the next data byte goes */
	size_t code; /* where the code byte of the open group goes */
};

/* Returns false if @out is full. */
static bool cobs_put(struct cobs *c, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t room = COBS_GROUP - (c->at - c->code - 1);
		size_t want, took;

		if (room == 0) {
			c->out[c->code] = COBS_GROUP + 1;
			c->code = c->at++;
			room = COBS_GROUP;
		}
		if (c->at > c->cap)
			return false;
		want = len < room ? len : room;
		if (want > c->cap - c->at)
			want = c->cap - c->at;
		took = copy_to_zero(c->out + c->at, data, want);
		c->at += took;
		data += took;
		len -= took;
		if (took == want) {
			if (len > 0 && c->at == c->cap)
				return false;
			continue;
		}
		c->out[c->code] = (uint8_t)(c->at - c->code);
		c->code = c->at++;
		data++;
		len--;
	}
	return true;
}

enum pw_error pw_frame_encode(uint8_t type, uint16_t number, const uint8_t *payload, size_t len,
			      uint8_t *out, size_t cap, size_t *ret_len)
{
	struct cobs c = {.out = out, .cap = cap, .at = 1, .code = 0};
	uint8_t head[PW_FRAME_HEAD], tail[PW_FRAME_TAIL];

	if (len > PW_PAYLOAD_MAX)
		return PW_E_LONG;
	head[0] = type;
	head[1] = 0;
	pw_put16(head + 2, number);
	pw_put32(tail, pw_crc32c(pw_crc32c(0, head, sizeof(head)), payload, len));
	if (!cobs_put(&c, head, sizeof(head)) || !cobs_put(&c, payload, len) ||
	    !cobs_put(&c, tail, sizeof(tail)))
		return PW_E_SPACE;
	if (c.at >= cap)
		return PW_E_SPACE;
	out[c.code] = (uint8_t)(c.at - c.code);
	out[c.at++] = 0;
	*ret_len = c.at;
	return PW_OK;
}
