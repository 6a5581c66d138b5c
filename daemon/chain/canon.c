/* SPDX-License-Identifier: MIT */
#include "chain/canon.h"

struct parser {
	const char *p, *end;
	struct buf *out;
	struct buf text; /* of the string being read, without its escapes */
	unsigned depth;
};

/* One member of an object: its place in the output; key_len without the closing quote. */
struct member {
	uint32_t start, key_len, len;
};

static int value(struct parser *s);

static void skip_space(struct parser *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
		s->p++;
}

static bool take(struct parser *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static int hex4(struct parser *s, uint32_t *ret)
{
	uint32_t v = 0;

	if (s->end - s->p < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		char c = *s->p++;
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *at = c ? strchr(digits, c) : NULL;

		if (!at)
			return -EBADMSG;
		v = v << 4 | (uint32_t)((at - digits) & 15);
	}
	*ret = v;
	return 0;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 63)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	}
}

static int escape(struct parser *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t c, low;
	const char *at;

	if (s->p == s->end)
		return -EBADMSG;
	if (!take(s, 'u')) {
		at = *s->p ? strchr(from, *s->p) : NULL;
		if (!at)
			return -EBADMSG;
		s->p++;
		buf_addc(&s->text, to[at - from]);
		return 0;
	}
	if (hex4(s, &c) < 0)
		return -EBADMSG;
	if (c >= 0xd800 && c < 0xdc00) {
		if (!take(s, '\\') || !take(s, 'u') || hex4(s, &low) < 0 || low < 0xdc00 ||
		    low >= 0xe000)
			return -EBADMSG;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return -EBADMSG;
	}
	add_utf8(&s->text, c);
	return 0;
}

/* Reads a string into s->text. */
static int string(struct parser *s)
{
	buf_reset(&s->text);
	if (!take(s, '"'))
		return -EBADMSG;
	while (s->p < s->end && *s->p != '"') {
		unsigned char c = (unsigned char)*s->p++;

		if (c < 0x20)
			return -EBADMSG;
		if (c != '\\')
			buf_addc(&s->text, (char)c);
		else if (escape(s) < 0)
			return -EBADMSG;
	}
	if (s->text.error)
		return s->text.error;
	return take(s, '"') ? 0 : -EBADMSG;
}

static void add_string(struct parser *s)
{
	json_textn(s->out, s->text.data ? s->text.data : "", s->text.len);
}

static const char *run_of_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static int number(struct parser *s)
{
	const char *start = s->p, *first, *p;
	bool whole = true;

	take(s, '-');
	first = s->p;
	p = run_of_digits(first, s->end);
	if (p == first || (p - first > 1 && *first == '0'))
		return -EBADMSG;
	if (p < s->end && *p == '.') {
		whole = false;
		first = p + 1;
		p = run_of_digits(first, s->end);
		if (p == first)
			return -EBADMSG;
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		whole = false;
		first = p + 1;
		if (first < s->end && (*first == '+' || *first == '-'))
			first++;
		p = run_of_digits(first, s->end);
		if (p == first)
			return -EBADMSG;
	}
	s->p = p;
	if (!whole)
		json_textn(s->out, start, (size_t)(p - start));
	else if (p - start == 2 && memcmp(start, "-0", 2) == 0)
		json_int(s->out, 0);
	else
		json_raw(s->out, start, (size_t)(p - start));
	return 0;
}

static int word(struct parser *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
		return -EBADMSG;
	s->p += len;
	json_raw(s->out, text, len);
	return 0;
}

static int array(struct parser *s)
{
	int r;

	json_open(s->out, '[');
	skip_space(s);
	if (!take(s, ']')) {
		do {
			r = value(s);
			if (r < 0)
				return r;
			skip_space(s);
		} while (take(s, ','));
		if (!take(s, ']'))
			return -EBADMSG;
	}
	json_close(s->out, ']');
	return 0;
}

static int compare(const char *text, const struct member *a, const struct member *b)
{
	int d = memcmp(text + a->start, text + b->start, MIN(a->key_len, b->key_len));

	return d != 0 ? d : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* Sorts the members that lie behind each other from out[@from] on; commas are added again. */
static int sort_members(struct buf *out, size_t from, struct member *m, size_t n)
{
	_cleanup_(freep) char *copy = NULL;
	bool sorted = true;

	for (size_t i = 1; i < n; i++) {
		struct member moved = m[i];
		size_t at = i;

		while (at > 0 && compare(out->data, &m[at - 1], &moved) > 0) {
			m[at] = m[at - 1];
			at--;
			sorted = false;
		}
		m[at] = moved;
		if (at > 0 && compare(out->data, &m[at - 1], &m[at]) == 0)
			return -EBADMSG;
	}
	if (sorted)
		return 0;
	copy = malloc(out->len - from);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, out->data + from, out->len - from);
	out->len = from;
	out->data[from] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		buf_add(out, copy + m[i].start - from, m[i].len);
	}
	return 0;
}

static int object(struct parser *s)
{
	struct member m[CANON_KEYS_MAX];
	size_t n = 0, from;
	int r;

	json_open(s->out, '{');
	from = s->out->len;
	skip_space(s);
	if (!take(s, '}')) {
		do {
			if (n == CANON_KEYS_MAX)
				return -EBADMSG;
			skip_space(s);
			r = string(s);
			if (r < 0)
				return r;
			skip_space(s);
			if (!take(s, ':'))
				return -EBADMSG;
			if (n > 0)
				buf_addc(s->out, ',');
			m[n].start = (uint32_t)s->out->len;
			add_string(s);
			m[n].key_len = (uint32_t)s->out->len - m[n].start - 1;
			buf_addc(s->out, ':');
			r = value(s);
			if (r < 0)
				return r;
			m[n].len = (uint32_t)s->out->len - m[n].start;
			n++;
			skip_space(s);
		} while (take(s, ','));
		if (!take(s, '}'))
			return -EBADMSG;
	}
	if (s->out->error)
		return s->out->error;
	r = sort_members(s->out, from, m, n);
	if (r < 0)
		return r;
	json_close(s->out, '}');
	return 0;
}

static int value(struct parser *s)
{
	int r;

	skip_space(s);
	if (s->p == s->end || s->depth == CANON_DEPTH_MAX)
		return -EBADMSG;
	s->depth++;
	switch (*s->p) {
	case '{':
		s->p++;
		r = object(s);
		break;
	case '[':
		s->p++;
		r = array(s);
		break;
	case '"':
		r = string(s);
		if (r == 0)
			add_string(s);
		break;
	case 't':
		r = word(s, "true");
		break;
	case 'f':
		r = word(s, "false");
		break;
	case 'n':
		r = word(s, "null");
		break;
	default:
		r = number(s);
	}
	s->depth--;
	return r < 0 ? r : s->out->error;
}

int canon_json(const char *text, size_t len, struct buf *out)
{
	struct parser s = {.p = text, .end = text + len, .out = out, .text = BUF_INIT(out->limit)};
	int r = value(&s);

	skip_space(&s);
	if (r == 0 && s.p != s.end)
		r = -EBADMSG;
	buf_done(&s.text);
	return r;
}
