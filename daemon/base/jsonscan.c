/* SPDX-License-Identifier: MIT */
#include "base/jsonscan.h"

#define EXPONENT_MAX 9999 /* beyond it every number is 0 or saturated */

bool jsonscan_at(struct jsonscan *j, char c)
{
	while (j->at < j->end && (*j->at == ' ' || *j->at == '\t'))
		j->at++;
	return j->at < j->end && *j->at == c;
}

bool jsonscan_take(struct jsonscan *j, char c)
{
	if (!jsonscan_at(j, c))
		return false;
	j->at++;
	return true;
}

bool jsonscan_text(struct jsonscan *j, const char **ret, size_t *ret_len)
{
	const char *start;

	if (!jsonscan_take(j, '"'))
		return false;
	start = j->at;
	for (; j->at < j->end && *j->at != '"'; j->at++) {
		if ((unsigned char)*j->at < ' ')
			return false;
		if (*j->at == '\\' && ++j->at == j->end)
			return false;
	}
	if (j->at == j->end)
		return false;
	*ret = start;
	*ret_len = (size_t)(j->at++ - start);
	return true;
}

static bool is_digit(const struct jsonscan *j)
{
	return j->at < j->end && *j->at >= '0' && *j->at <= '9';
}

static bool is_one_of(const struct jsonscan *j, char a, char b)
{
	return j->at < j->end && (*j->at == a || *j->at == b);
}

/* @n times ten to the power of @exponent, rounded; saturates. */
static int64_t scale(uint64_t n, int exponent)
{
	for (; exponent > 0 && n > 0; exponent--)
		if (__builtin_mul_overflow(n, 10, &n) || n > INT64_MAX)
			return INT64_MAX;
	for (; exponent < -1 && n > 0; exponent++)
		n /= 10;
	if (exponent == -1)
		n = (n + 5) / 10;
	return (int64_t)n;
}

/* Digits that go into *n while they fit; each of @below a point, and each that does not fit, moves
 * the point. */
static bool digits(struct jsonscan *j, bool below, uint64_t *n, int *exponent)
{
	const char *start = j->at;

	for (; is_digit(j); j->at++) {
		bool fits = *n <= (INT64_MAX - 9) / 10;

		if (fits)
			*n = *n * 10 + (uint64_t)(*j->at - '0');
		*exponent += !fits - below;
	}
	return j->at > start;
}

static bool number(struct jsonscan *j, int64_t *ret_milli)
{
	bool minus = jsonscan_take(j, '-'), down = false;
	int exponent = 3, power = 0;
	uint64_t n = 0;

	if (!digits(j, false, &n, &exponent))
		return false;
	if (is_one_of(j, '.', '.')) {
		j->at++;
		if (!digits(j, true, &n, &exponent))
			return false;
	}
	if (is_one_of(j, 'e', 'E')) {
		j->at++;
		down = is_one_of(j, '-', '-');
		j->at += is_one_of(j, '-', '+');
		if (!is_digit(j))
			return false;
		for (; is_digit(j); j->at++)
			power = MIN(power * 10 + (*j->at - '0'), EXPONENT_MAX);
		exponent += down ? -power : power;
	}
	*ret_milli = minus ? -scale(n, exponent) : scale(n, exponent);
	return true;
}

static bool word(struct jsonscan *j, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(j->end - j->at) < len || memcmp(j->at, text, len) != 0)
		return false;
	j->at += len;
	return true;
}

static bool value(struct jsonscan *j, unsigned depth, int64_t *ret_milli, bool *ret_number);

/* What stands between the brackets, the first of which is taken. */
static bool inside(struct jsonscan *j, unsigned depth, bool object)
{
	char close = object ? '}' : ']';
	const char *text;
	int64_t milli;
	bool any;
	size_t len;

	if (jsonscan_take(j, close))
		return true;
	do {
		if (object && (!jsonscan_text(j, &text, &len) || !jsonscan_take(j, ':')))
			return false;
		if (!value(j, depth, &milli, &any))
			return false;
	} while (jsonscan_take(j, ','));
	return jsonscan_take(j, close);
}

static bool value(struct jsonscan *j, unsigned depth, int64_t *ret_milli, bool *ret_number)
{
	const char *text;
	size_t len;

	*ret_number = false;
	if (jsonscan_at(j, '"'))
		return jsonscan_text(j, &text, &len);
	if (jsonscan_at(j, '{') || jsonscan_at(j, '['))
		return depth > 0 && inside(j, depth - 1, *j->at++ == '{');
	if (word(j, "true") || word(j, "false") || word(j, "null"))
		return true;
	*ret_number = number(j, ret_milli);
	return *ret_number;
}

bool jsonscan_value(struct jsonscan *j, int64_t *ret_milli, bool *ret_number)
{
	return value(j, JSONSCAN_DEPTH, ret_milli, ret_number);
}
