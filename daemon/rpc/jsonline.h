/* SPDX-License-Identifier: MIT */
/* One line from a client into a JSON value; and pieces out of JSON that we wrote ourselves. */
#ifndef RPC_JSONLINE_H
#define RPC_JSONLINE_H

#include <jansson.h>

#include "base/util.h"

#define JSONLINE_PROBLEM 256

/*
 * Parses @line, which a client sent. Nesting and number of values are counted before the recursive,
 * allocating parser sees any of it. -EBADMSG: not JSON (duplicate names, bad UTF-8, NUL and
 * integers beyond 64 bits included); -ELOOP: deeper than LIMIT_JSON_DEPTH; -E2BIG: more than
 * LIMIT_JSON_VALUES values; @problem gets a sentence. Caller frees *ret with json_decref().
 */
int jsonline_parse(const char *line, size_t len, json_t **ret, char problem[JSONLINE_PROBLEM]);

struct json_piece {
	const char *at; /* borrowed from the text; NULL none */
	size_t len;
};

/*
 * Walks valid compact JSON without parsing it into memory. @rest is the inside of an object or
 * array, after its bracket; each call takes one member off it. False at the end, and when the text
 * is not such JSON. *ret_name keeps its quotes' inside, escapes and all.
 */
bool json_next_member(struct json_piece *rest, struct json_piece *ret_name,
		      struct json_piece *ret_value);
bool json_next_element(struct json_piece *rest, struct json_piece *ret_value);
/* The inside of @value if it begins with @bracket, else an empty piece. */
struct json_piece json_inside(struct json_piece value, char bracket);

static inline bool json_piece_eq(struct json_piece p, const char *text)
{
	return p.len == strlen(text) && memcmp(p.at, text, p.len) == 0;
}

#endif
