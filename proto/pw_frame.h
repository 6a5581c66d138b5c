/* SPDX-License-Identifier: MIT */
/*
 * Penwire frames: type + flags + number + payload + CRC-32C, COBS-encoded, delimited by 0x00.
 *
 * Decoded frame:  offset 0 u8 type · 1 u8 flags (0; receivers ignore it) · 2 u16 number (the sender's frame counter,
 * +1 per frame, wraps; a jump tells the receiver how many frames were lost) · 4 payload (0..PW_PAYLOAD_MAX) ·
 * last 4 bytes u32 CRC-32C over everything before it.
 */
#ifndef PW_FRAME_H
#define PW_FRAME_H

#include "pw.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PW_FRAME_HEAD     4u
#define PW_FRAME_TAIL     4u
#define PW_FRAME_MAX      1024u                                          /* decoded, head and CRC included */
#define PW_FRAME_MIN      (PW_FRAME_HEAD + PW_FRAME_TAIL)
#define PW_PAYLOAD_MAX    (PW_FRAME_MAX - PW_FRAME_HEAD - PW_FRAME_TAIL)  /* 1016 */
/* COBS adds one byte per started 254 and the delimiter ends the frame. */
#define PW_WIRE_BOUND(payload) ((payload) + PW_FRAME_MIN + ((payload) + PW_FRAME_MIN) / 254u + 2u)
#define PW_WIRE_MAX       PW_WIRE_BOUND(PW_PAYLOAD_MAX)
/* A pen need not be able to receive a longer decoded frame than this; hosts never send one. */
#define PW_HOST_FRAME_MAX 64u

struct pw_frame {
	uint8_t type;
	uint8_t flags;
	uint16_t number;
	const uint8_t *payload; /* borrowed: points into the decoder's buffer, valid until its next push */
	size_t len;             /* of the payload */
};

struct pw_decoder {
	uint8_t *buf;       /* caller's, at least PW_FRAME_MIN bytes; hosts give PW_FRAME_MAX */
	size_t cap;
	size_t len;         /* decoded bytes so far */
	uint8_t left;       /* data bytes left in the current COBS group */
	bool zero_due;      /* a zero follows the current group unless the frame ends */
	bool skipping;      /* the frame is bad: drop bytes until the delimiter */
	uint8_t why;        /* enum pw_error: the reason while skipping */
	bool started;       /* at least one byte since the delimiter */
	bool have_number;   /* @number is that of a frame received */
	uint16_t number;
	/* Counters since init; they only grow. */
	uint32_t frames;    /* good frames */
	uint32_t bad_cobs, bad_crc, bad_short, bad_long;
	uint32_t lost;      /* frames missing by their number (a doubled frame or a number that goes back adds none) */
	uint64_t bytes;
};

/* Prepares a decoder over @buf of @cap bytes (borrowed for the decoder's life). */
void pw_decoder_init(struct pw_decoder *d, uint8_t *buf, size_t cap);

/* Forgets a half-received frame, as at reconnect. Counters stay. */
void pw_decoder_reset(struct pw_decoder *d);

/*
 * Takes bytes from @data up to and including the end of one frame, or all of them. Returns the number taken (call again
 * with the rest). *ret_done says whether something ended: then *ret_error is PW_OK and *ret_frame valid, or it is the
 * reason why that frame was dropped (PW_E_COBS, PW_E_CRC, PW_E_SHORT, PW_E_LONG). Two delimiters in a row are no frame.
 * Any split of the same bytes gives the same frames.
 */
size_t pw_decoder_push(struct pw_decoder *d, const uint8_t *data, size_t len, bool *ret_done, enum pw_error *ret_error,
		       struct pw_frame *ret_frame);

/*
 * Writes one whole frame (COBS-encoded, with its closing delimiter) to @out of @cap bytes; PW_WIRE_BOUND(len) is always
 * enough. *ret_len gets the bytes written. PW_E_LONG if len > PW_PAYLOAD_MAX, PW_E_SPACE if @out is too small.
 * @payload may not overlap @out.
 */
enum pw_error pw_frame_encode(uint8_t type, uint16_t number, const uint8_t *payload, size_t len, uint8_t *out, size_t cap,
			      size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
