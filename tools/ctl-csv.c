/* SPDX-License-Identifier: MIT */
#include "ctl-csv.h"

#include <stdio.h>

int csv_init(struct csv *c, const char *text, size_t len, char delimiter)
{
	*c = (struct csv){
		.text = text, .len = len, .delimiter = delimiter, .line = 1, .data = BUF_INIT(0)};
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return -EILSEQ;
	if (memchr(text, '\0', len))
		return -EILSEQ;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at = 3;
	return 0;
}

void csv_done(struct csv *c)
{
	buf_done(&c->data);
}

const char *csv_field(const struct csv *c, size_t i)
{
	assert(i < c->n_fields);
	return c->data.data + c->field[i];
}

static bool at_line_end(const struct csv *c)
{
	return c->at == c->len || c->text[c->at] == '\n' || c->text[c->at] == '\r';
}

static void take_line_end(struct csv *c)
{
	if (c->at < c->len && c->text[c->at] == '\r')
		c->at++;
	if (c->at < c->len && c->text[c->at] == '\n')
		c->at++;
	c->line++;
}

static void skip_line(struct csv *c)
{
	while (!at_line_end(c))
		c->at++;
	take_line_end(c);
}

/* Behind the opening quote, up to behind the closing one. */
static int take_quoted(struct csv *c, char problem[160])
{
	int from = c->line;

	while (c->at < c->len) {
		char here = c->text[c->at++];

		if (here == '"' && c->at < c->len && c->text[c->at] == '"') {
			buf_addc(&c->data, '"');
			c->at++;
		} else if (here == '"') {
			if (at_line_end(c) || c->text[c->at] == c->delimiter)
				return 0;
			snprintf(problem, 160,
				 "behind the closing quote of column %zu the field goes on",
				 c->n_fields);
			return -EBADMSG;
		} else {
			/* a line end inside quotes is one, whichever it is */
			if (here == '\n' ||
			    (here == '\r' && !(c->at < c->len && c->text[c->at] == '\n')))
				c->line++;
			buf_addc(&c->data, here);
		}
	}
	snprintf(problem, 160, "the quote that begins in line %d never ends", from);
	return -EUCLEAN;
}

static int take_plain(struct csv *c, char problem[160])
{
	while (!at_line_end(c) && c->text[c->at] != c->delimiter) {
		if (c->text[c->at] == '"') {
			snprintf(problem, 160,
				 "column %zu has a quote inside: the whole field must be in quotes "
				 "then, and that one doubled",
				 c->n_fields);
			return -EBADMSG;
		}
		buf_addc(&c->data, c->text[c->at++]);
	}
	return 0;
}

static int take_field(struct csv *c, char problem[160])
{
	int r;

	if (c->n_fields == CSV_FIELDS_MAX) {
		snprintf(problem, 160, "the line has more than %d columns", CSV_FIELDS_MAX);
		return -EBADMSG;
	}
	c->field[c->n_fields++] = c->data.len;
	if (c->at < c->len && c->text[c->at] == '"') {
		c->at++;
		r = take_quoted(c, problem);
	} else {
		r = take_plain(c, problem);
	}
	buf_addc(&c->data, '\0');
	return r;
}

int csv_next(struct csv *c, char problem[160])
{
	int r;

	while (c->at < c->len && at_line_end(c))
		take_line_end(c);
	if (c->at == c->len)
		return 0;
	buf_reset(&c->data);
	c->n_fields = 0;
	c->first_line = c->line;
	c->start = c->at;
	for (;;) {
		r = take_field(c, problem);
		if (r == -EBADMSG)
			skip_line(c);
		if (r == -EUCLEAN)
			c->at = c->len;
		if (r < 0)
			return r;
		if (at_line_end(c))
			break;
		c->at++; /* the delimiter */
	}
	take_line_end(c);
	return c->data.error < 0 ? c->data.error : 1;
}

/* ---- encodings ---- */

static void add_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_addc(out, (char)code);
	} else if (code < 0x800) {
		buf_addc(out, (char)(0xc0 | code >> 6));
		buf_addc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_addc(out, (char)(0xe0 | code >> 12));
		buf_addc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* Windows-1252 is latin1 but for these, as the Unicode Consortium's table CP1252.TXT has them; 0:
 * none. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0,	0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,	0x017d, 0,	0,	0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,	0x017e, 0x0178,
};

/* Bytes of the UTF-8 character at @p, 0 for none: overlong forms and surrogates are none. */
static size_t utf8_len(const unsigned char *p)
{
	size_t n = p[0] < 0x80			 ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0))) ||
	    (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))))
		return 0;
	return n;
}

int csv_decode(struct buf *out, const char *text, enum csv_encoding encoding)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t n = encoding == CSV_UTF8 ? utf8_len(p) : 1;
		unsigned code = *p;

		if (n == 0)
			return -EILSEQ;
		if (encoding == CSV_UTF8) {
			buf_add(out, p, n);
		} else {
			if (encoding == CSV_WINDOWS_1252 && code >= 0x80 && code < 0xa0)
				code = windows_1252[code - 0x80];
			if (code == 0)
				return -EILSEQ;
			add_utf8(out, code);
		}
		p += n;
	}
	return out->error;
}

void csv_add_field(struct buf *out, const char *text, char delimiter)
{
	bool quoted = strpbrk(text, "\"\r\n") || strchr(text, delimiter) || *text == ' ';

	if (!quoted) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_addc(out, '"');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

/* ---- days ---- */

/* Length of the run of @format's first letter. */
static size_t run_of(const char *format)
{
	size_t n = 1;

	while (format[n] == format[0])
		n++;
	return n;
}

bool csv_date_format_ok(const char *format)
{
	int day = 0, month = 0, year = 0;

	while (*format) {
		size_t n = run_of(format);

		if (*format == 'd' && n <= 2)
			day++;
		else if (*format == 'm' && n <= 2)
			month++;
		else if (*format == 'y' && n == 4)
			year++;
		else if (strchr("dmy", *format) || (*format >= '0' && *format <= '9'))
			return false;
		format += n;
	}
	return day == 1 && month == 1 && year == 1;
}

/* One to @most digits; exactly so many where no other letter of the format ends the number. -1 for
 * none. */
static int take_number(const char **text, size_t most)
{
	int value = 0;
	size_t n = 0;

	while (n < most && **text >= '0' && **text <= '9') {
		value = value * 10 + (**text - '0');
		(*text)++;
		n++;
	}
	return n == 0 || (most == 4 && n != 4) ? -1 : value;
}

int csv_date(const char *format, const char *text, char out[11])
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int day = 0, month = 0, year = 0;
	bool leap;

	assert(csv_date_format_ok(format));
	while (*format) {
		size_t n = run_of(format);

		if (!strchr("dmy", *format)) {
			for (; n > 0; n--, format++)
				if (*text++ != *format)
					return -EINVAL;
			continue;
		}
		if (*format == 'd')
			day = take_number(&text, 2);
		else if (*format == 'm')
			month = take_number(&text, 2);
		else
			year = take_number(&text, 4);
		if (day < 0 || month < 0 || year < 0)
			return -EINVAL;
		format += n;
	}
	if (*text)
		return -EINVAL;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap))
		return -ERANGE;
	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
		 (unsigned)day % 100u);
	return 0;
}
