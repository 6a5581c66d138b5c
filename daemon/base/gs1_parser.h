/* SPDX-License-Identifier: MIT */
/*
 * What gs1*.c share and nobody else: a scan that is being read. gs1.c decides what kind it is;
 * gs1_chars.c knows characters, digits and dates, gs1_element.c what an element may hold, and
 * gs1_meaning.c what the elements say together.
 */
#ifndef BASE_GS1_PARSER_H
#define BASE_GS1_PARSER_H

#include "gs1.h"

#define GS1_GTIN_DIGITS 14
#define GS1_DATE_DIGITS 6 /* yymmdd */

struct gs1_parser {
	const char *text; /* of the scan, without its end of line */
	size_t len, at;	  /* @at: read up to here */
	const char *separator;
	size_t separator_len;
	int year;
	struct gs1 *out;
	char *problem;	     /* GS1_PROBLEM bytes */
	size_t n_separators; /* brackets count too */
};

/* ---- gs1_chars.c ---- */

/* The sentence into p->problem; -EBADMSG. */
int gs1_refuse(struct gs1_parser *p, const char *format, ...) _printf_(2, 3);
/* The same of the character at @at, which no label holds. */
int gs1_refuse_character(struct gs1_parser *p, size_t at);

bool gs1_is_digit(char c);
/* Whether there are some, and all are digits. */
bool gs1_all_digits(const char *text, size_t len);
/* Of at most nine digits. */
int gs1_number(const char *digits, size_t len);
/* Whether the last of @len digits (2 at least) is their check digit. */
bool gs1_checks(const char *digits, size_t len);
/* Character set 82, which all of GS1's texts keep to. */
bool gs1_in_set_82(char c);

/* Bytes of the separator that stands at @at, 0 for none. */
size_t gs1_separator_at(const struct gs1_parser *p, size_t at);
/* Three characters that name a symbology: "]C1". */
bool gs1_symbology_at(const struct gs1_parser *p, size_t at);

/* The year of @yy, 0 to 99, as seen from @this_year (section 7.12): at most 50 ahead and 49 back. */
int gs1_year(int yy, int this_year);
/* Whether the six digits are a date; with @open_day its day may be 00. */
bool gs1_date_ok(const struct gs1_parser *p, const char *digits, bool open_day);
/* yymmdd, checked before, as yyyy-mm-dd or yyyy-mm. */
void gs1_date_text(const struct gs1_parser *p, const char *digits, char out[11]);

/* ---- gs1_element.c ---- */

/* Notes the elements from p->at to the end, their numbers without brackets. 0 or -EBADMSG. */
int gs1_parse_string(struct gs1_parser *p);
/* The same as printed below the bars: (01)04012345678901(10)AB12. */
int gs1_parse_bracketed(struct gs1_parser *p);
/* Bytes of "(AI)" at @at, 0 when there is none. */
size_t gs1_bracket_at(const struct gs1_parser *p, size_t at);

/* ---- gs1_meaning.c ---- */

/* Fills p->out from its elements, and its doubt. -EBADMSG when there is no element. */
int gs1_finish(struct gs1_parser *p);

#endif
