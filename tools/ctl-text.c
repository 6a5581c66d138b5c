/* SPDX-License-Identifier: MIT */
#include "ctl-text.h"

/* One character of UTF-8 at @p: its size, or 0 when the bytes are none (overlong, surrogate, cut
 * off). */
static size_t decode_utf8(const uint8_t *p, size_t len, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size;
	uint32_t code;

	if (p[0] < 0x80) {
		*ret_code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (size > len)
		return 0;
	code = p[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return size;
}

/* Zero-width and direction marks, line and paragraph separators, byte order mark: they move or hide
 * their neighbours. */
static bool is_mark(uint32_t code)
{
	return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code == 0x061c;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void text_add_safe(struct buf *b, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	while (len > 0) {
		uint32_t code;
		size_t size = decode_utf8(p, len, &code);

		if (size == 0) {
			buf_addf(b, "\\x%02x", *p);
			size = 1;
		} else if (is_control(code)) {
			buf_addf(b, "\\x%02x", code);
		} else if (is_mark(code)) {
			buf_addf(b, "\\u{%x}", code);
		} else {
			buf_add(b, p, size);
		}
		p += size;
		len -= size;
	}
}

void text_add_safe_json(struct buf *b, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	while (len > 0) {
		uint32_t code;
		size_t size = decode_utf8(p, len, &code);

		if (size == 0)
			buf_adds(b, "\\ufffd");
		else if (is_mark(code) || (is_control(code) && code >= 0x7f))
			buf_addf(b, "\\u%04x", code);
		else if (is_control(code))
			buf_addc(b, ' '); /* white space between values */
		else
			buf_add(b, p, size);
		size = MAX(size, (size_t)1);
		p += size;
		len -= size;
	}
}

void text_add_age(struct buf *b, double seconds)
{
	int64_t s;

	if (!(seconds >= 0) || seconds > 1e15) {
		buf_addc(b, '-');
		return;
	}
	s = (int64_t)seconds;
	if (s >= 86400)
		buf_addf(b, "%lld d %02lld h", (long long)(s / 86400),
			 (long long)(s % 86400 / 3600));
	else if (s >= 3600)
		buf_addf(b, "%lld h %02lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
	else if (s >= 60)
		buf_addf(b, "%lld min %02lld s", (long long)(s / 60), (long long)(s % 60));
	else if (s >= 10)
		buf_addf(b, "%lld s", (long long)s);
	else
		buf_addf(b, "%.1f s", seconds);
}

void text_add_bytes(struct buf *b, int64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ELEMENTSOF(units)) {
		value /= 1024;
		unit++;
	}
	buf_addf(b, "%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
}

/* ---- slices ---- */

static void skip_space(struct slice *at)
{
	while (at->len > 0 && strchr(" \t\r\n", *at->p)) {
		at->p++;
		at->len--;
	}
}

/* How long the value at the beginning of @at is. Valid JSON is the caller's promise; the end of @at
 * is never passed. */
static size_t value_size(struct slice at)
{
	size_t i = 0, depth = 0;
	bool in_string = false;

	for (; i < at.len; i++) {
		char c = at.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			if (!in_string && depth == 0)
				return MIN(i + 1, at.len);
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return i; /* a number or word before the end of what holds it */
			if (--depth == 0)
				return i + 1;
		} else if (depth == 0 && strchr(", \t\r\n:", c)) {
			return i;
		}
	}
	return MIN(i, at.len);
}

static struct slice take_value(struct slice *at)
{
	struct slice value;

	skip_space(at);
	value = (struct slice){at->p, value_size(*at)};
	at->p += value.len;
	at->len -= value.len;
	skip_space(at);
	return value;
}

bool slice_next(struct slice *at, struct slice *ret)
{
	skip_space(at);
	if (at->len > 0 && (*at->p == '[' || *at->p == ',')) {
		at->p++;
		at->len--;
		skip_space(at);
	}
	if (at->len == 0 || *at->p == ']')
		return false;
	*ret = take_value(at);
	return ret->len > 0;
}

struct slice slice_member(struct slice object, const char *key)
{
	size_t key_len = strlen(key);

	skip_space(&object);
	while (object.len > 0 && (*object.p == '{' || *object.p == ',')) {
		struct slice name, value;

		object.p++;
		object.len--;
		name = take_value(&object);
		if (name.len < 2 || object.len == 0 || *object.p != ':')
			break;
		object.p++;
		object.len--;
		value = take_value(&object);
		if (name.len == key_len + 2 && memcmp(name.p + 1, key, key_len) == 0)
			return value;
	}
	return (struct slice){NULL, 0};
}
