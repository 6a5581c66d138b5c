/* SPDX-License-Identifier: MIT */
#include "transport/recording.h"

#include "base/timefmt.h"

#define AT_MAX_US INT64_C(1000000000000000) /* 31 years: sums with a clock stay far from overflow  \
					     */

void recording_init(struct recording *r)
{
	r->head = (struct recording_head){.at_us = TIME_UNKNOWN};
	r->clock_us = 0;
	r->cursor[0] = '\0';
	r->line = 0;
	r->in_body = false;
	r->at_us = 0;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* A number in decimal; NULL when there is none or it is out of range. */
static const char *read_number(const char *at, const char *end, int64_t *ret)
{
	const char *start = at;
	int64_t n = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (*at - '0');
		if (n > AT_MAX_US)
			return NULL;
	}
	if (at == start)
		return NULL;
	*ret = n;
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes in hex, spaces between them allowed, up to a comment. Returns how many, 0 for none or for
 * what is not hex. In a line that was cut off, half a byte at its end is no matter. */
static size_t read_hex(const char *at, const char *end, bool whole, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (at = skip_space(at, end); at < end && *at != '#'; at = skip_space(at, end)) {
		int high = hex_digit(at[0]), low = at + 1 < end ? hex_digit(at[1]) : -1;

		if (!whole && high >= 0 && at + 1 == end)
			break;
		if (high < 0 || low < 0 || n == cap)
			return 0;
		out[n++] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return n;
}

static int piece_line(struct recording *r, const char *at, const char *end, bool whole,
		      struct recording_piece *ret)
{
	int64_t at_us;
	bool to_pen;
	size_t len;

	at = read_number(at, end, &at_us);
	if (!at || at_us < r->at_us)
		return -EINVAL;
	at = skip_space(at, end);
	if (at == end || (*at != '<' && *at != '>'))
		return -EINVAL;
	to_pen = *at == '>';
	len = read_hex(at + 1, end, whole, r->piece, sizeof(r->piece));
	if (len == 0)
		return -EINVAL;
	r->at_us = at_us;
	*ret = (struct recording_piece){
		.at_us = at_us, .to_pen = to_pen, .data = r->piece, .len = len};
	return 1;
}

/* Copies a value, which may fill its field only in part. */
static void take_text(const char *at, const char *end, char *out, size_t cap)
{
	size_t len = MIN((size_t)(end - at), cap - 1);

	memcpy(out, at, len);
	out[len] = '\0';
}

static int head_line(struct recording *r, const char *at, const char *end)
{
	struct recording_head *h = &r->head;
	const struct {
		const char *name;
		char *value;
		size_t cap;
	} texts[] = {
		{"pen", h->pen, sizeof(h->pen)},
		{"firmware", h->firmware, sizeof(h->firmware)},
		{"who", h->who, sizeof(h->who)},
		{"notes", h->notes, sizeof(h->notes)},
		{"driver", h->driver, sizeof(h->driver)},
		{"cursor", r->cursor, sizeof(r->cursor)},
	};
	const char *colon = memchr(at, ':', (size_t)(end - at)), *value;
	size_t name_len;
	char date[TIME_TEXT_MAX];

	if (!colon)
		return -EINVAL;
	name_len = (size_t)(colon - at);
	value = skip_space(colon + 1, end);
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		if (strlen(texts[i].name) == name_len && memcmp(texts[i].name, at, name_len) == 0)
			take_text(value, end, texts[i].value, texts[i].cap);
	if (name_len == 4 && memcmp(at, "date", 4) == 0) {
		take_text(value, end, date, sizeof(date));
		return time_parse_rfc3339(date, &h->at_us);
	}
	if (name_len == 5 && memcmp(at, "clock", 5) == 0)
		return read_number(value, end, &r->clock_us) == end ? 0 : -EINVAL;
	return 0; /* names that are not known are for people, or for a newer version */
}

int recording_line(struct recording *r, const char *text, size_t len, bool whole,
		   struct recording_piece *ret)
{
	const char *end = text + len;
	int result;

	r->line++;
	while (end > text && (end[-1] == ' ' || end[-1] == '\r' || end[-1] == '\t'))
		end--;
	if (r->line == 1)
		return (size_t)(end - text) == strlen(RECORDING_MAGIC) &&
				       memcmp(text, RECORDING_MAGIC, strlen(RECORDING_MAGIC)) == 0
			       ? 0
			       : -EINVAL;
	if (text == end) {
		r->in_body = true;
		return 0;
	}
	if (*text == '#')
		return 0;
	result = r->in_body ? piece_line(r, text, end, whole, ret) : head_line(r, text, end);
	return result < 0 && !whole ? 0 : result;
}

int recording_next(struct recording *r, FILE *file, struct recording_piece *ret)
{
	for (;;) {
		size_t len = 0;
		int c, result;

		while ((c = getc_unlocked(file)) != EOF && c != '\n' && len < sizeof(r->text))
			r->text[len++] = (char)c;
		if (c == EOF && ferror(file))
			return -EIO;
		if (c != EOF && c != '\n') {
			r->line++;
			return -EINVAL;
		}
		if (c == EOF && len == 0)
			return r->line > 0 ? 0 : -EINVAL;
		result = recording_line(r, r->text, len, c == '\n', ret);
		if (result != 0)
			return result;
	}
}

size_t recording_format(int64_t at_us, bool to_pen, const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n;

	assert(len > 0 && len <= RECORDING_PIECE_MAX && at_us >= 0);
	n = (size_t)snprintf(out, 32, "%lld %c ", (long long)MIN(at_us, AT_MAX_US),
			     to_pen ? '>' : '<');
	for (size_t i = 0; i < len; i++) {
		out[n++] = digits[data[i] >> 4];
		out[n++] = digits[data[i] & 15];
	}
	out[n++] = '\n';
	out[n] = '\0';
	return n;
}
