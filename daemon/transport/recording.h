/* SPDX-License-Identifier: MIT */
/*
 * The text of a recording, read line by line; no event loop, so that tests read recordings too.
 * tests/pens/README.md has the format.
 */
#ifndef TRANSPORT_RECORDING_H
#define TRANSPORT_RECORDING_H

#include <stdio.h>

#include "transport/transport.h"

#define RECORDING_MAGIC	    "stipple recording 1"
#define RECORDING_PIECE_MAX 1024u /* bytes of one line's piece; longer ones take several lines */
#define RECORDING_LINE_MAX  (2u * RECORDING_PIECE_MAX + 64u) /* characters of one line */

struct recording_piece {
	int64_t at_us;       /* since the start of the recording; never less than the one before */
	bool to_pen;         /* sent by the host, else by the pen */
	const uint8_t *data; /* borrowed: valid until the next line */
	size_t len;          /* 1..RECORDING_PIECE_MAX */
};

struct recording {
	struct recording_head head;
	int64_t clock_us;    /* host's CLOCK_BOOTTIME at the start: a driver's now is this plus at_us */
	char cursor[96];     /* for tests: "LOG_ID NEXT_SEQ CRC" that the database held, "" nothing */
	/* the reader's */
	unsigned line;       /* lines read so far: the one an error is about */
	bool in_body;
	int64_t at_us;
	uint8_t piece[RECORDING_PIECE_MAX];
	char text[RECORDING_LINE_MAX];
};

/* Starts reading. */
void recording_init(struct recording *r);
/*
 * Takes one line of @len characters, without its newline. 1: *ret is a piece; 0: a line of the
 * head, an empty one or a comment; -EINVAL: no such line is known. Where @whole is false the line
 * is the last one and was cut off: it counts as far as it can be read.
 */
int recording_line(struct recording *r, const char *text, size_t len, bool whole,
		   struct recording_piece *ret);
/* The next piece of @file: 1, 0 at its end, -EINVAL (r->line names the line), -EIO. */
int recording_next(struct recording *r, FILE *file, struct recording_piece *ret);

/* Writing: a line with its newline; returns its length. @out holds RECORDING_LINE_MAX + 1. */
size_t recording_format(int64_t at_us, bool to_pen, const uint8_t *data, size_t len, char *out);

#endif
