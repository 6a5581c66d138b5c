/* SPDX-License-Identifier: MIT */
/* Elements: where each ends, and whether its value may stand there. */
#include "gs1_parser.h"

#include <stdio.h>

#include "gs1_ai.h"

/* An AI as people read it: "the expiry (17)". */
static const char *called(const struct gs1_ai *ai, const char *typed, char out[64])
{
	static const struct {
		const char *ai, *name;
	} names[] = {
		{"01", "GTIN"},
		{"02", "GTIN of the content"},
		{"10", "lot"},
		{"11", "production date"},
		{"12", "due date"},
		{"13", "packaging date"},
		{"15", "best-before date"},
		{"16", "sell-by date"},
		{"17", "expiry"},
		{"21", "serial number"},
		{"30", "count"},
		{"37", "count"},
	};
	const char *name = ai->title;

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (streq(names[i].ai, ai->ai))
			name = names[i].name;
	snprintf(out, 64, "the %s (%.*s)", name, (int)strlen(ai->ai), typed);
	return out;
}

/* The value's length against what the AI wants. */
static int check_length(struct gs1_parser *p, const struct gs1_ai *ai, const char *name, size_t len,
			size_t at)
{
	size_t least = ai->digits + ai->least, most = ai->digits + ai->more;

	if (len < least && len == 0)
		return gs1_refuse(
			p,
			"%s at character %zu is empty: the scan broke off, or the label is "
			"misread. Scan it again",
			name, at + 1);
	if (len < least)
		return gs1_refuse(p,
				  "%s at character %zu has %zu characters and needs %zu: the scan "
				  "broke off. Scan it again",
				  name, at + 1, len, least);
	if (len > most)
		return gs1_refuse(
			p,
			"%s at character %zu would be %zu characters long and may have %zu: "
			"the separator behind it is lost. Set "
			"the scanner to send GS (0x1d), or a character in its place and name "
			"that by --gs",
			name, at + 1, len, most);
	return 0;
}

static int check_value(struct gs1_parser *p, const struct gs1_ai *ai, const char *name,
		       const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = (size_t)(value + i - p->text);

		if (i < ai->digits || !ai->text) {
			if (gs1_is_digit(value[i]))
				continue;
			if (!gs1_in_set_82(value[i]))
				return gs1_refuse_character(p, at);
			return gs1_refuse(
				p,
				"%s has '%c' at character %zu, where a digit belongs: the "
				"scan is misread or two labels ran "
				"together. Scan it again",
				name, value[i], at + 1);
		}
		if (!gs1_in_set_82(value[i]))
			return gs1_refuse_character(p, at);
	}
	if (ai->flags & AI_CHECKED && !gs1_checks(value, ai->digits))
		return gs1_refuse(
			p,
			"%s %.*s has the check digit %c and should have %d: it is misread. "
			"Scan it again",
			name, (int)ai->digits, value, value[ai->digits - 1],
			gs1_check_digit(value, (size_t)ai->digits - 1));
	if (ai->flags & AI_DATE && !gs1_date_ok(p, value, ai->flags & AI_OPEN_DAY))
		return gs1_refuse(p,
				  "%s %.6s is no date (year, month, day in two digits each): it is "
				  "misread, or a separator before it is "
				  "lost. Scan it again",
				  name, value);
	return 0;
}

/* Notes an element; the same again is fine, another value for the same AI is another label. */
static int note(struct gs1_parser *p, const char *ai, size_t ai_len, const char *title,
		const char *value, size_t len)
{
	struct gs1 *out = p->out;
	struct gs1_element *e;

	for (size_t i = 0; i < out->n_elements; i++) {
		e = &out->element[i];
		if (strlen(e->ai) != ai_len || memcmp(e->ai, ai, ai_len) != 0)
			continue;
		if (e->len == len && memcmp(e->value, value, len) == 0)
			return 0;
		return gs1_refuse(
			p,
			"(%s) comes twice, as %.*s and as %.*s: two labels are in one line, "
			"or one is misread. Scan them one by "
			"one",
			e->ai, (int)MIN(e->len, (size_t)40), e->value, (int)MIN(len, (size_t)40),
			value);
	}
	if (out->n_elements == GS1_ELEMENTS_MAX)
		return gs1_refuse(p, "the label has more than %d elements", GS1_ELEMENTS_MAX);
	e = &out->element[out->n_elements++];
	*e = (struct gs1_element){.title = title, .value = value, .len = len};
	assert(ai_len < sizeof(e->ai));
	memcpy(e->ai, ai, ai_len);
	return 0;
}

/* Checks and notes the element @ai, whose digits are at @typed, with this value. */
static int take(struct gs1_parser *p, const struct gs1_ai *ai, const char *typed, const char *value,
		size_t len)
{
	char name[64];
	int r;

	called(ai, typed, name);
	r = check_length(p, ai, name, len, (size_t)(typed - p->text));
	if (r == 0)
		r = check_value(p, ai, name, value, len);
	return r == 0 ? note(p, typed, strlen(ai->ai), ai->title, value, len) : r;
}

static int take_unknown(struct gs1_parser *p, const char *typed, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!gs1_in_set_82(value[i]))
			return gs1_refuse_character(p, (size_t)(value + i - p->text));
	return note(p, typed, gs1_ai_digits(typed, (size_t)(value - typed)), NULL, value, len);
}

/* One element of a string whose AIs have no brackets. */
static int next_element(struct gs1_parser *p)
{
	const char *at = p->text + p->at;
	size_t end = p->at, left, n, fixed;
	const struct gs1_ai *ai;

	while (end < p->len && gs1_separator_at(p, end) == 0)
		end++;
	left = end - p->at;
	n = gs1_ai_digits(at, left);
	ai = gs1_ai_find(at, left);
	if (n == 0 && !gs1_in_set_82(*at))
		return gs1_refuse_character(p, p->at);
	if (n == 0)
		return gs1_refuse(
			p,
			"at character %zu the number of an element should stand (two to four "
			"digits, such as "
			"17), and there is '%.*s': the separator before it is lost or the "
			"scan is misread",
			p->at + 1, (int)MIN(left, (size_t)2), at);
	fixed = gs1_ai_fixed(at);
	if (ai)
		n = strlen(ai->ai);
	/* What needs no separator ends by itself, or is cut. */
	if (fixed > 0)
		left = MIN(left, fixed);
	p->at += left;
	return ai ? take(p, ai, at, at + n, left - n) : take_unknown(p, at, at + n, left - n);
}

int gs1_parse_string(struct gs1_parser *p)
{
	int r = 0;

	while (r == 0 && p->at < p->len) {
		size_t n = gs1_separator_at(p, p->at);

		p->at += n;
		p->n_separators += n > 0;
		if (n == 0)
			r = next_element(p);
	}
	return r;
}

size_t gs1_bracket_at(const struct gs1_parser *p, size_t at)
{
	size_t n = 0;

	if (at >= p->len || p->text[at] != '(')
		return 0;
	while (at + 1 + n < p->len && gs1_is_digit(p->text[at + 1 + n]))
		n++;
	if (n < 2 || n > 4 || at + 1 + n >= p->len || p->text[at + 1 + n] != ')')
		return 0;
	return gs1_ai_digits(p->text + at + 1, n) == n ? n + 2 : 0;
}

int gs1_parse_bracketed(struct gs1_parser *p)
{
	int r = 0;

	while (r == 0 && p->at < p->len) {
		size_t n = gs1_bracket_at(p, p->at), from = p->at + n, end = from;
		const char *typed = p->text + p->at + 1;
		const struct gs1_ai *ai;

		if (n == 0)
			return gs1_refuse(p,
					  "at character %zu an element's number in brackets should "
					  "stand, such as (17)",
					  p->at + 1);
		while (end < p->len && gs1_bracket_at(p, end) == 0 && gs1_separator_at(p, end) == 0)
			end++;
		ai = gs1_ai_find(typed, n - 2);
		if (ai && strlen(ai->ai) == n - 2)
			r = take(p, ai, typed, p->text + from, end - from);
		else
			r = note(p, typed, n - 2, NULL, p->text + from, end - from);
		p->at = end + gs1_separator_at(p, end);
		p->n_separators++;
	}
	return r;
}
