/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON from left to right, a token at a time, out of bytes that stay where they are: for drivers, which have no memory to
 * spare and know what they look for. Checks the form of what it passes over; recursion is bounded.
 */
#ifndef BASE_JSONSCAN_H
#define BASE_JSONSCAN_H

#include "base/util.h"

#define JSONSCAN_DEPTH 4 /* arrays and objects within a value; deeper ones are refused */

struct jsonscan {
	const char *at, *end; /* borrowed */
};

/* Whether @c comes next, after blanks; it stays. */
bool jsonscan_at(struct jsonscan *j, char c);
/* Passes over blanks and @c. False: something else comes. */
bool jsonscan_take(struct jsonscan *j, char c);
/* A text as it stands there, without its quotes, escapes and all; borrowed from the input. */
bool jsonscan_text(struct jsonscan *j, const char **ret, size_t *ret_len);
/* A value of any kind. *ret_number: it is a number, and *ret_milli gets it in thousandths, rounded; what does not fit saturates. */
bool jsonscan_value(struct jsonscan *j, int64_t *ret_milli, bool *ret_number);

#endif
