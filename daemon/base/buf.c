/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "buf.h"
#include "timefmt.h"

#define JSON_SAFE_INT (UINT64_C(1) << 53) /* a double holds every integer up to here */

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->limit);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

/* Room for @len more bytes and the zero, or the sticky error. */
static bool buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;
	char *p;

	if (b->error)
		return false;
	if (len > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
		b->error = -ENOMEM;
		return false;
	}
	if (b->limit && b->len + len > b->limit) {
		b->error = -E2BIG;
		return false;
	}
	need = b->len + len + 1;
	if (need <= b->cap)
		return true;
	cap = MAX(b->cap * 2, (size_t)64);
	cap = MAX(cap, need);
	p = realloc(b->data, cap);
	if (!p) {
		b->error = -ENOMEM;
		return false;
	}
	b->data = p;
	b->cap = cap;
	return true;
}

char *buf_take(struct buf *b)
{
	char *p;

	if (!buf_reserve(b, 0)) {
		buf_done(b);
		return NULL;
	}
	b->data[b->len] = '\0';
	p = TAKE_PTR(b->data);
	*b = BUF_INIT(b->limit);
	return p;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	if (b->error == 0 && b->len + 1 < b->cap && (b->limit == 0 || b->len < b->limit)) {
		b->data[b->len++] = c;
		b->data[b->len] = '\0';
		return;
	}
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	if (!buf_reserve(b, 0))
		return;
	va_start(ap, format);
	n = vsnprintf(b->data + b->len, b->cap - b->len, format, ap);
	va_end(ap);
	assert(n >= 0);
	if ((size_t)n >= b->cap - b->len) {
		b->data[b->len] = '\0';
		if (!buf_reserve(b, (size_t)n))
			return;
		va_start(ap, format);
		vsnprintf(b->data + b->len, b->cap - b->len, format, ap);
		va_end(ap);
	} else if (b->limit && b->len + (size_t)n > b->limit) {
		b->data[b->len] = '\0';
		b->error = -E2BIG;
		return;
	}
	b->len += (size_t)n;
}

/*
 * Whether a comma is due follows from the last byte alone: a value ends in a quote, a digit, a
 * letter or a closing bracket, and nothing else does.
 */
static void json_begin(struct buf *b)
{
	if (b->len == 0)
		return;
	switch (b->data[b->len - 1]) {
	case '{':
	case '[':
	case ':':
	case ',':
	case '\n':
		return;
	default:
		buf_addc(b, ',');
	}
}

void json_open(struct buf *b, char bracket)
{
	assert(bracket == '{' || bracket == '[');
	json_begin(b);
	buf_addc(b, bracket);
}

void json_close(struct buf *b, char bracket)
{
	assert(bracket == '}' || bracket == ']');
	buf_addc(b, bracket);
}

/* Length of the valid UTF-8 character at @p, or 0; then *ret_skip is the length of the bad piece
 * (Unicode, table 3-7). */
static size_t utf8_char(const unsigned char *p, size_t len, size_t *ret_skip)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n, i;

	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		n = 3;
		if (p[0] == 0xe0)
			lo = 0xa0; /* shorter forms exist */
		else if (p[0] == 0xed)
			hi = 0x9f; /* surrogates */
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		if (p[0] == 0xf0)
			lo = 0x90;
		else if (p[0] == 0xf4)
			hi = 0x8f; /* beyond U+10FFFF */
	} else {
		*ret_skip = 1;
		return 0;
	}
	for (i = 1; i < n; i++) {
		if (i >= len || p[i] < lo || p[i] > hi) {
			*ret_skip = i;
			return 0;
		}
		lo = 0x80;
		hi = 0xbf;
	}
	return n;
}

static bool json_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes from @p on that need no escape and no check; eight at a time, for most text is all of that
 * kind. */
static size_t json_plain_span(const unsigned char *p, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
	size_t i = 0;

	while (i + 8 <= len) {
		uint64_t v, quote, slash;

		memcpy(&v, p + i, 8);
		quote = v ^ (ones * '"');
		slash = v ^ (ones * '\\');
		if ((v | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & highs)
			break;
		i += 8;
	}
	while (i < len && json_plain(p[i]))
		i++;
	return i;
}

static void json_escape(struct buf *b, unsigned char c)
{
	static const char hex[16] = "0123456789abcdef";
	static const char shorts[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	char out[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\' || (c < 0x20 && shorts[c])) {
		out[1] = c < 0x20 ? shorts[c] : (char)c;
		buf_add(b, out, 2);
	} else {
		buf_add(b, out, sizeof(out));
	}
}

static void json_quoted(struct buf *b, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	buf_addc(b, '"');
	while (i < len) {
		size_t n = json_plain_span(p + i, len - i), skip = 0;

		if (n == 0 && p[i] >= 0x80)
			n = utf8_char(p + i, len - i, &skip);
		if (n > 0) {
			buf_add(b, p + i, n);
			i += n;
		} else if (skip > 0) {
			buf_add(b, "\xef\xbf\xbd", 3);
			i += skip;
		} else {
			json_escape(b, p[i++]);
		}
	}
	buf_addc(b, '"');
}

void json_key(struct buf *b, const char *key)
{
	json_begin(b);
	json_quoted(b, key, strlen(key));
	buf_addc(b, ':');
}

void json_textn(struct buf *b, const char *text, size_t len)
{
	json_begin(b);
	json_quoted(b, text, len);
}

void json_text(struct buf *b, const char *text)
{
	if (text)
		json_textn(b, text, strlen(text));
	else
		json_nil(b);
}

/* Writes the digits of @v so that they end before @end; returns their start. */
static char *digits(char *end, uint64_t v)
{
	do {
		*--end = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	return end;
}

void json_int(struct buf *b, int64_t v)
{
	char text[24], *end = text + sizeof(text), *p;

	p = digits(end, v < 0 ? -(uint64_t)v : (uint64_t)v);
	if (v < 0)
		*--p = '-';
	json_begin(b);
	buf_add(b, p, (size_t)(end - p));
}

void json_uint(struct buf *b, uint64_t v)
{
	char text[24], *end = text + sizeof(text), *p = digits(end, v);

	if (v > JSON_SAFE_INT)
		json_textn(b, p, (size_t)(end - p));
	else
		json_int(b, (int64_t)v);
}

/* For what has too many digits for fixed point, and for values that must read back the same. */
static void json_decimal_general(struct buf *b, double v)
{
	char text[40];
	int precision = 15;

	do {
		snprintf(text, sizeof(text), "%.*g", precision, v);
	} while (strtod(text, NULL) != v && ++precision <= 17);
	for (char *p = text; *p; p++)
		if (!strchr("+-0123456789e", *p))
			*p = '.'; /* the locale's own point */
	buf_adds(b, text);
}

void json_decimal(struct buf *b, double v, int decimals)
{
	static const double power[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	char text[32], *end = text + sizeof(text), *p;
	double scaled;
	uint64_t fixed;

	if (!isfinite(v)) {
		json_nil(b);
		return;
	}
	json_begin(b);
	scaled = decimals >= 0 ? fabs(v) * power[MIN((size_t)decimals, ELEMENTSOF(power) - 1)]
			       : INFINITY;
	if (decimals >= (int)ELEMENTSOF(power) || scaled >= (double)JSON_SAFE_INT) {
		json_decimal_general(b, v);
		return;
	}
	fixed = (uint64_t)(scaled + 0.5);
	while (decimals > 0 && fixed % 10 == 0) {
		fixed /= 10;
		decimals--;
	}
	p = end;
	if (decimals > 0) {
		uint64_t whole = fixed;

		for (int i = 0; i < decimals; i++, whole /= 10)
			*--p = (char)('0' + whole % 10);
		*--p = '.';
		p = digits(p, whole);
	} else {
		p = digits(p, fixed);
	}
	if (v < 0 && fixed > 0)
		*--p = '-';
	buf_add(b, p, (size_t)(end - p));
}

void json_bool(struct buf *b, bool v)
{
	json_begin(b);
	buf_adds(b, v ? "true" : "false");
}

void json_nil(struct buf *b)
{
	json_begin(b);
	buf_add(b, "null", 4);
}

void json_time(struct buf *b, int64_t at_us)
{
	char text[TIME_TEXT_MAX];

	if (at_us == TIME_UNKNOWN)
		json_nil(b);
	else
		json_text(b, time_format_utc(at_us, text));
}

void json_base64(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = data;

	json_begin(b);
	buf_addc(b, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t n = MIN(len - i, (size_t)3);
		uint32_t bits = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0u);
		char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], n > 1 ? digits[bits >> 6 & 63] : '=',
				n > 2 ? digits[bits & 63] : '='};

		buf_add(b, four, sizeof(four));
	}
	buf_addc(b, '"');
}

void json_hex(struct buf *b, const void *data, size_t len)
{
	static const char hex[16] = "0123456789abcdef";
	const unsigned char *p = data;

	json_begin(b);
	if (len > SIZE_MAX / 8 || !buf_reserve(b, 2 * len + 2)) {
		if (b->error == 0)
			b->error = -E2BIG;
		return;
	}
	b->data[b->len++] = '"';
	for (size_t i = 0; i < len; i++) {
		b->data[b->len++] = hex[p[i] >> 4];
		b->data[b->len++] = hex[p[i] & 15];
	}
	b->data[b->len++] = '"';
	b->data[b->len] = '\0';
}

void json_raw(struct buf *b, const char *json, size_t len)
{
	json_begin(b);
	buf_add(b, json, len);
}
