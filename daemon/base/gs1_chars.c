/* SPDX-License-Identifier: MIT */
/* Characters, digits and dates of a scan. */
#include "gs1_parser.h"

#include <stdarg.h>
#include <stdio.h>

#define GS '\x1d'

int gs1_refuse(struct gs1_parser *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->problem, GS1_PROBLEM, format, ap);
	va_end(ap);
	return -EBADMSG;
}

bool gs1_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool gs1_all_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!gs1_is_digit(text[i]))
			return false;
	return len > 0;
}

int gs1_number(const char *digits, size_t len)
{
	int value = 0;

	for (size_t i = 0; i < len; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

int gs1_check_digit(const char *digits, size_t len)
{
	int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (digits[len - 1 - i] - '0') * (i % 2 == 0 ? 3 : 1);
	return (10 - sum % 10) % 10;
}

bool gs1_checks(const char *digits, size_t len)
{
	return digits[len - 1] - '0' == gs1_check_digit(digits, len - 1);
}

/* ---- characters ---- */

bool gs1_in_set_82(char c)
{
	return gs1_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!\"%&'()*+,-./:;<=>?_", c));
}

size_t gs1_separator_at(const struct gs1_parser *p, size_t at)
{
	if (at < p->len && p->text[at] == GS)
		return 1;
	if (p->separator_len > 0 && p->len - at >= p->separator_len &&
	    memcmp(p->text + at, p->separator, p->separator_len) == 0)
		return p->separator_len;
	return 0;
}

/* Bytes of the character at @at: more than one where it is UTF-8. */
static int char_bytes(const struct gs1_parser *p, size_t at)
{
	size_t n = 1;

	while (at + n < p->len && ((unsigned char)p->text[at + n] & 0xc0) == 0x80 && n < 4)
		n++;
	return (int)n;
}

bool gs1_symbology_at(const struct gs1_parser *p, size_t at)
{
	return p->len - at >= 3 && p->text[at] == ']' &&
	       ((p->text[at + 1] >= 'A' && p->text[at + 1] <= 'Z') ||
		(p->text[at + 1] >= 'a' && p->text[at + 1] <= 'z')) &&
	       gs1_is_digit(p->text[at + 2]);
}

int gs1_refuse_character(struct gs1_parser *p, size_t at)
{
	unsigned char c = (unsigned char)p->text[at];

	if (c < 0x20 || c == 0x7f)
		return gs1_refuse(p,
				  "character %zu is the control character 0x%02x, which no label "
				  "holds; if the scanner "
				  "sends it for the separator (GS, 0x1d), set it to send GS itself",
				  at + 1, c);
	return gs1_refuse(
		p,
		"character %zu, '%.*s', cannot be part of a GS1 label. If the scanner sends it "
		"for the separator (GS), say so: --gs '%.*s'",
		at + 1, char_bytes(p, at), p->text + at, char_bytes(p, at), p->text + at);
}

/* ---- dates ---- */

int gs1_year(int yy, int this_year)
{
	int apart = yy - this_year % 100, base = this_year - this_year % 100;

	if (apart >= 51)
		return base - 100 + yy;
	return apart <= -50 ? base + 100 + yy : base + yy;
}

static bool date_valid(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day <= days[month - 1] + (month == 2 && leap);
}

void gs1_date_text(const struct gs1_parser *p, const char *digits, char out[11])
{
	int year = gs1_year(gs1_number(digits, 2), p->year), day = gs1_number(digits + 4, 2);

	if (day == 0)
		snprintf(out, 11, "%04u-%02u", (unsigned)year % 10000u,
			 (unsigned)gs1_number(digits + 2, 2) % 100u);
	else
		snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000u,
			 (unsigned)gs1_number(digits + 2, 2) % 100u, (unsigned)day % 100u);
}

bool gs1_date_ok(const struct gs1_parser *p, const char *digits, bool open_day)
{
	int day = gs1_number(digits + 4, 2);

	return date_valid(gs1_year(gs1_number(digits, 2), p->year), gs1_number(digits + 2, 2),
			  day) &&
	       (day > 0 || open_day);
}
