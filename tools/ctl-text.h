/* SPDX-License-Identifier: MIT */
/* Text from pens and the daemon on its way to people: nothing in it may steer a terminal. And JSON
 * text cut without re-writing it. */
#ifndef TOOLS_CTL_TEXT_H
#define TOOLS_CTL_TEXT_H

#include "base/buf.h"

/*
 * Adds @text with everything that a terminal may take for an order, or that changes how neighbours
 * are read, written out: control characters (C0, DEL, C1) and bytes that are not UTF-8 as \xHH,
 * line and direction controls of Unicode as \u{HHHH}.
 */
void text_add_safe(struct buf *b, const char *text, size_t len);
/* The same for a JSON text: what must be hidden can only be in strings and becomes \uHHHH, so that
 * the JSON stays what it is. */
void text_add_safe_json(struct buf *b, const char *text, size_t len);
/* "2 h 05 min", "3 min 20 s", "12 s", "0.4 s"; negative: "-". */
void text_add_age(struct buf *b, double seconds);
/* "12.3 MiB" */
void text_add_bytes(struct buf *b, int64_t bytes);

/* A piece of a JSON text that is known to be valid. Borrows. */
struct slice {
	const char *p; /* NULL: none */
	size_t len;
};
/* The value of the member @key of the object @object, as it was written; .p NULL if there is none.
 * Keys with escapes do not match. */
struct slice slice_member(struct slice object, const char *key);
/* Walks an array: *@at starts as the whole array; true with the next element in *ret, false at the
 * end. */
bool slice_next(struct slice *at, struct slice *ret);

#endif
