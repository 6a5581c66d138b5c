/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/limits.h"
#include "jsonline.h"

/*
 * What parsing @line would cost: its deepest nesting, and its values (one more than its commas and
 * opening brackets). On text that is no JSON both hold for the part before the first mistake, which
 * is all that the parser gets to see.
 */
static void jsonline_measure(const char *line, size_t len, size_t *ret_depth, size_t *ret_values)
{
	size_t depth = 0, deepest = 0, values = 1;
	bool text = false;

	for (size_t i = 0; i < len; i++) {
		if (text) {
			if (line[i] == '\\')
				i++;
			else if (line[i] == '"')
				text = false;
			continue;
		}
		switch (line[i]) {
		case '"':
			text = true;
			break;
		case '[':
		case '{':
			values++;
			if (++depth > deepest)
				deepest = depth;
			break;
		case ']':
		case '}':
			if (depth > 0)
				depth--;
			break;
		case ',':
			values++;
			break;
		}
	}
	*ret_depth = deepest;
	*ret_values = values;
}

int jsonline_parse(const char *line, size_t len, json_t **ret, char problem[JSONLINE_PROBLEM])
{
	json_error_t error;
	size_t depth, values;
	json_t *root;

	jsonline_measure(line, len, &depth, &values);
	if (depth > LIMIT_JSON_DEPTH) {
		snprintf(problem, JSONLINE_PROBLEM, "nested %zu deep; at most %d are allowed",
			 depth, LIMIT_JSON_DEPTH);
		return -ELOOP;
	}
	if (values > LIMIT_JSON_VALUES) {
		snprintf(problem, JSONLINE_PROBLEM, "more than %d values in one line",
			 LIMIT_JSON_VALUES);
		return -E2BIG;
	}
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root) {
		snprintf(problem, JSONLINE_PROBLEM, "not JSON: %s, at byte %d", error.text,
			 error.position);
		return -EBADMSG;
	}
	*ret = root;
	return 0;
}

/* Length of the text in quotes at the start of @p, quotes included; 0 if it does not end. */
static size_t text_length(struct json_piece p)
{
	for (size_t i = 1; i < p.len; i++) {
		if (p.at[i] == '\\')
			i++;
		else if (p.at[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Length of the value at the start of @p; 0 if it does not end. */
static size_t value_length(struct json_piece p)
{
	size_t depth = 0;

	for (size_t i = 0; i < p.len; i++) {
		switch (p.at[i]) {
		case '"': {
			size_t n = text_length((struct json_piece){p.at + i, p.len - i});

			if (n == 0)
				return 0;
			i += n - 1;
			if (depth == 0)
				return i + 1;
			break;
		}
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			if (depth == 0)
				return i;
			if (--depth == 0)
				return i + 1;
			break;
		case ',':
			if (depth == 0)
				return i;
			break;
		}
	}
	return depth == 0 ? p.len : 0;
}

static void piece_skip(struct json_piece *p, size_t n)
{
	p->at += n;
	p->len -= n;
}

bool json_next_element(struct json_piece *rest, struct json_piece *ret_value)
{
	size_t n;

	if (rest->len > 0 && rest->at[0] == ',')
		piece_skip(rest, 1);
	n = value_length(*rest);
	if (n == 0)
		return false;
	*ret_value = (struct json_piece){rest->at, n};
	piece_skip(rest, n);
	return true;
}

bool json_next_member(struct json_piece *rest, struct json_piece *ret_name,
		      struct json_piece *ret_value)
{
	struct json_piece name;
	size_t n;

	if (rest->len > 0 && rest->at[0] == ',')
		piece_skip(rest, 1);
	if (rest->len == 0 || rest->at[0] != '"')
		return false;
	n = text_length(*rest);
	if (n == 0 || n >= rest->len || rest->at[n] != ':')
		return false;
	name = (struct json_piece){rest->at + 1, n - 2};
	piece_skip(rest, n + 1);
	if (!json_next_element(rest, ret_value))
		return false;
	*ret_name = name;
	return true;
}

struct json_piece json_inside(struct json_piece value, char bracket)
{
	if (value.len < 2 || value.at[0] != bracket)
		return (struct json_piece){0};
	return (struct json_piece){value.at + 1, value.len - 2};
}
