/* SPDX-License-Identifier: MIT */
#include "gs1.h"

#include <stdarg.h>
#include <stdio.h>

#include "gs1_ai.h"

#define GS	    '\x1d'
#define GTIN_DIGITS 14
#define DATE_DIGITS 6
#define DOUBT_YEARS_AGO                                                                            \
	10 /* a date further away than these is no expiry that a separator was lost before */
#define DOUBT_YEARS_ON 20

struct parser {
	const char *text; /* of the scan, without its end of line */
	size_t len, at;
	const char *separator;
	size_t separator_len;
	int year;
	struct gs1 *out;
	char *problem;
	size_t n_separators;
};

static int refuse(struct parser *p, const char *format, ...) _printf_(2, 3);
static int refuse(struct parser *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->problem, GS1_PROBLEM, format, ap);
	va_end(ap);
	return -EBADMSG;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool all_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return false;
	return len > 0;
}

static int number(const char *digits, size_t len)
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

static bool checks(const char *digits, size_t len)
{
	return digits[len - 1] - '0' == gs1_check_digit(digits, len - 1);
}

/* Bytes of the separator that stands at @at, 0 for none. */
static size_t separator_at(const struct parser *p, size_t at)
{
	if (at < p->len && p->text[at] == GS)
		return 1;
	if (p->separator_len > 0 && p->len - at >= p->separator_len &&
	    memcmp(p->text + at, p->separator, p->separator_len) == 0)
		return p->separator_len;
	return 0;
}

/* ---- characters ---- */

/* Character set 82, which all of GS1's texts keep to. */
static bool in_set_82(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!\"%&'()*+,-./:;<=>?_", c));
}

/* Bytes of the character at @at: more than one where it is UTF-8. */
static int char_bytes(const struct parser *p, size_t at)
{
	size_t n = 1;

	while (at + n < p->len && ((unsigned char)p->text[at + n] & 0xc0) == 0x80 && n < 4)
		n++;
	return (int)n;
}

/* Three characters that name a symbology: "]C1". */
static bool symbology_at(const struct parser *p, size_t at)
{
	return p->len - at >= 3 && p->text[at] == ']' &&
	       ((p->text[at + 1] >= 'A' && p->text[at + 1] <= 'Z') ||
		(p->text[at + 1] >= 'a' && p->text[at + 1] <= 'z')) &&
	       is_digit(p->text[at + 2]);
}

static int refuse_character(struct parser *p, size_t at)
{
	unsigned char c = (unsigned char)p->text[at];

	if (c < 0x20 || c == 0x7f)
		return refuse(p,
			      "character %zu is the control character 0x%02x, which no label "
			      "holds; if the scanner "
			      "sends it for the separator (GS, 0x1d), set it to send GS itself",
			      at + 1, c);
	return refuse(
		p,
		"character %zu, '%.*s', cannot be part of a GS1 label. If the scanner sends it "
		"for the separator (GS), say so: --gs '%.*s'",
		at + 1, char_bytes(p, at), p->text + at, char_bytes(p, at), p->text + at);
}

/* ---- dates ---- */

/* Section 7.12: at most 50 years ahead and 49 back. */
static int century(int yy, int this_year)
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

/* yymmdd, checked before, as yyyy-mm-dd or yyyy-mm. */
static void date_text(const struct parser *p, const char *digits, char out[11])
{
	int year = century(number(digits, 2), p->year), day = number(digits + 4, 2);

	if (day == 0)
		snprintf(out, 11, "%04u-%02u", (unsigned)year % 10000u,
			 (unsigned)number(digits + 2, 2) % 100u);
	else
		snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000u,
			 (unsigned)number(digits + 2, 2) % 100u, (unsigned)day % 100u);
}

static bool date_ok(const struct parser *p, const char *digits, bool open_day)
{
	int day = number(digits + 4, 2);

	return date_valid(century(number(digits, 2), p->year), number(digits + 2, 2), day) &&
	       (day > 0 || open_day);
}

/* ---- elements ---- */

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

/* The value's length against what the AI wants. @open: it went on to the next separator or the end.
 */
static int check_length(struct parser *p, const struct gs1_ai *ai, const char *name, size_t len,
			size_t at)
{
	size_t least = ai->digits + ai->least, most = ai->digits + ai->more;

	if (len < least && len == 0)
		return refuse(p,
			      "%s at character %zu is empty: the scan broke off, or the label is "
			      "misread. Scan it again",
			      name, at + 1);
	if (len < least)
		return refuse(p,
			      "%s at character %zu has %zu characters and needs %zu: the scan "
			      "broke off. Scan it again",
			      name, at + 1, len, least);
	if (len > most)
		return refuse(p,
			      "%s at character %zu would be %zu characters long and may have %zu: "
			      "the separator behind it is lost. Set "
			      "the scanner to send GS (0x1d), or a character in its place and name "
			      "that by --gs",
			      name, at + 1, len, most);
	return 0;
}

static int check_value(struct parser *p, const struct gs1_ai *ai, const char *name,
		       const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = (size_t)(value + i - p->text);

		if (i < ai->digits || !ai->text) {
			if (is_digit(value[i]))
				continue;
			if (!in_set_82(value[i]))
				return refuse_character(p, at);
			return refuse(p,
				      "%s has '%c' at character %zu, where a digit belongs: the "
				      "scan is misread or two labels ran "
				      "together. Scan it again",
				      name, value[i], at + 1);
		}
		if (!in_set_82(value[i]))
			return refuse_character(p, at);
	}
	if (ai->flags & AI_CHECKED && !checks(value, ai->digits))
		return refuse(p,
			      "%s %.*s has the check digit %c and should have %d: it is misread. "
			      "Scan it again",
			      name, (int)ai->digits, value, value[ai->digits - 1],
			      gs1_check_digit(value, (size_t)ai->digits - 1));
	if (ai->flags & AI_DATE && !date_ok(p, value, ai->flags & AI_OPEN_DAY))
		return refuse(p,
			      "%s %.6s is no date (year, month, day in two digits each): it is "
			      "misread, or a separator before it is "
			      "lost. Scan it again",
			      name, value);
	return 0;
}

/* Notes an element; the same again is fine, another value for the same AI is another label. */
static int note(struct parser *p, const char *ai, size_t ai_len, const char *title,
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
		return refuse(p,
			      "(%s) comes twice, as %.*s and as %.*s: two labels are in one line, "
			      "or one is misread. Scan them one by "
			      "one",
			      e->ai, (int)MIN(e->len, (size_t)40), e->value,
			      (int)MIN(len, (size_t)40), value);
	}
	if (out->n_elements == GS1_ELEMENTS_MAX)
		return refuse(p, "the label has more than %d elements", GS1_ELEMENTS_MAX);
	e = &out->element[out->n_elements++];
	*e = (struct gs1_element){.title = title, .value = value, .len = len};
	assert(ai_len < sizeof(e->ai));
	memcpy(e->ai, ai, ai_len);
	return 0;
}

/* Checks and notes the element @ai, whose digits are at @typed, with this value. */
static int take(struct parser *p, const struct gs1_ai *ai, const char *typed, const char *value,
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

static int take_unknown(struct parser *p, const char *typed, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!in_set_82(value[i]))
			return refuse_character(p, (size_t)(value + i - p->text));
	return note(p, typed, gs1_ai_digits(typed, (size_t)(value - typed)), NULL, value, len);
}

/* One element of a string whose AIs have no brackets. */
static int next_element(struct parser *p)
{
	const char *at = p->text + p->at;
	size_t end = p->at, left, n, fixed;
	const struct gs1_ai *ai;

	while (end < p->len && separator_at(p, end) == 0)
		end++;
	left = end - p->at;
	n = gs1_ai_digits(at, left);
	ai = gs1_ai_find(at, left);
	if (n == 0 && !in_set_82(*at))
		return refuse_character(p, p->at);
	if (n == 0)
		return refuse(p,
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

static int parse_string(struct parser *p)
{
	int r = 0;

	while (r == 0 && p->at < p->len) {
		size_t n = separator_at(p, p->at);

		p->at += n;
		p->n_separators += n > 0;
		if (n == 0)
			r = next_element(p);
	}
	return r;
}

/* Bytes of "(AI)" at @at, 0 when there is none. */
static size_t bracket_at(const struct parser *p, size_t at)
{
	size_t n = 0;

	if (at >= p->len || p->text[at] != '(')
		return 0;
	while (at + 1 + n < p->len && is_digit(p->text[at + 1 + n]))
		n++;
	if (n < 2 || n > 4 || at + 1 + n >= p->len || p->text[at + 1 + n] != ')')
		return 0;
	return gs1_ai_digits(p->text + at + 1, n) == n ? n + 2 : 0;
}

/* As printed below the bars: (01)04012345678901(10)AB12. */
static int parse_bracketed(struct parser *p)
{
	int r = 0;

	while (r == 0 && p->at < p->len) {
		size_t n = bracket_at(p, p->at), from = p->at + n, end = from;
		const char *typed = p->text + p->at + 1;
		const struct gs1_ai *ai;

		if (n == 0)
			return refuse(p,
				      "at character %zu an element's number in brackets should "
				      "stand, such as (17)",
				      p->at + 1);
		while (end < p->len && bracket_at(p, end) == 0 && separator_at(p, end) == 0)
			end++;
		ai = gs1_ai_find(typed, n - 2);
		if (ai && strlen(ai->ai) == n - 2)
			r = take(p, ai, typed, p->text + from, end - from);
		else
			r = note(p, typed, n - 2, NULL, p->text + from, end - from);
		p->at = end + separator_at(p, end);
		p->n_separators++;
	}
	return r;
}

/* ---- what it says ---- */

static const struct gs1_element *find(const struct gs1 *g, const char *ai)
{
	for (size_t i = 0; i < g->n_elements; i++)
		if (streq(g->element[i].ai, ai))
			return &g->element[i];
	return NULL;
}

static void copy(char *out, size_t size, const struct gs1_element *e)
{
	if (e)
		snprintf(out, size, "%.*s", (int)e->len, e->value);
}

static void fill(struct parser *p)
{
	struct gs1 *g = p->out;
	const struct gs1_element *e;

	copy(g->gtin, sizeof(g->gtin), find(g, "01") ? find(g, "01") : find(g, "02"));
	copy(g->lot, sizeof(g->lot), find(g, "10"));
	copy(g->serial, sizeof(g->serial), find(g, "21"));
	e = find(g, "17") ? find(g, "17") : find(g, "7003");
	if (!e) {
		e = find(g, "15");
		g->best_before = e != NULL;
	}
	if (e)
		date_text(p, e->value, g->expiry);
	e = find(g, "11");
	if (e)
		date_text(p, e->value, g->made);
	e = find(g, "30") ? find(g, "30") : find(g, "37");
	if (e)
		g->count = number(e->value, e->len);
}

/*
 * A lost separator makes the rest of the label part of a lot or serial number, which may still be
 * short enough. It shows when what follows was a date: "AB1217271130" ends in an expiry. A lot that
 * looks so by chance is rare, and somebody is asked.
 */
static void look_for_lost_separator(struct parser *p, const struct gs1_element *e)
{
	struct gs1 *g = p->out;

	for (size_t i = 1; i + 2 + DATE_DIGITS <= e->len; i++) {
		const char *at = e->value + i, *digits = at + 2, *rest = digits + DATE_DIGITS;
		size_t left = (size_t)(e->value + e->len - rest);
		char date[11];
		int year;

		if ((memcmp(at, "17", 2) != 0 && memcmp(at, "11", 2) != 0 &&
		     memcmp(at, "15", 2) != 0) ||
		    !all_digits(digits, DATE_DIGITS) || !date_ok(p, digits, true))
			continue;
		year = century(number(digits, 2), p->year);
		if (year < p->year - DOUBT_YEARS_AGO || year > p->year + DOUBT_YEARS_ON ||
		    (left > 0 && !gs1_ai_find(rest, left)))
			continue;
		date_text(p, digits, date);
		snprintf(g->doubt, sizeof(g->doubt),
			 "the %s reads %.*s, and its part %.8s looks like %s of %s behind a "
			 "separator that the scanner lost",
			 streq(e->ai, "10") ? "lot" : "serial number", (int)e->len, e->value, at,
			 memcmp(at, "11", 2) == 0 ? "a production date (11)" : "an expiry (17)",
			 date);
		return;
	}
}

const char *gs1_behind_lot(const struct gs1 *label, size_t len, const struct gs1_options *options)
{
	static const struct {
		char ai[3];
		const char *name;
		bool date;
	} follows[] = {
		{"21", "a serial number (21)", false},
		{"17", "an expiry (17)", true},
		{"11", "a production date (11)", true},
		{"15", "a best-before date (15)", true},
	};
	struct parser p = {.year = options->year};
	size_t all = strlen(label->lot);
	const char *rest = label->lot + len;

	if (label->separated || len == 0 || len + 2 >= all)
		return NULL;
	for (size_t i = 0; i < ELEMENTSOF(follows); i++) {
		if (memcmp(rest, follows[i].ai, 2) != 0)
			continue;
		if (!follows[i].date ||
		    (all - len >= 2 + DATE_DIGITS && all_digits(rest + 2, DATE_DIGITS) &&
		     date_ok(&p, rest + 2, true)))
			return follows[i].name;
	}
	return NULL;
}

static int finish(struct parser *p)
{
	const struct gs1_element *lot = find(p->out, "10"), *serial = find(p->out, "21");

	if (p->out->n_elements == 0)
		return refuse(p, "the label is empty: scan it again");
	fill(p);
	p->out->separated = p->n_separators > 0;
	if (p->n_separators == 0 && lot)
		look_for_lost_separator(p, lot);
	if (p->n_separators == 0 && serial && !p->out->doubt[0])
		look_for_lost_separator(p, serial);
	return 0;
}

/* ---- which kind it is ---- */

static bool goods_length(size_t len)
{
	return len == 8 || len == 12 || len == 13 || len == GTIN_DIGITS;
}

static int parse_goods(struct parser *p)
{
	const char *digits = p->text + p->at;
	size_t len = p->len - p->at;

	if (!all_digits(digits, len) || !goods_length(len))
		return refuse(p,
			      "a bar code of goods has 8, 12, 13 or 14 digits, and here are %zu "
			      "characters: the scan broke off. Scan "
			      "it again",
			      len);
	if (!checks(digits, len))
		return refuse(p,
			      "%.*s looks like a bar code of goods, but its last digit should be "
			      "%d: it is misread. Scan it again; if "
			      "it is a number of the maker's own, say --plain",
			      (int)len, digits, gs1_check_digit(digits, len - 1));
	p->out->kind = GS1_GOODS;
	memset(p->out->gtin, '0', GTIN_DIGITS);
	memcpy(p->out->gtin + GTIN_DIGITS - len, digits, len);
	return 0;
}

static int parse_plain(struct parser *p)
{
	size_t len = p->len - p->at;

	for (size_t i = p->at; i < p->len; i++)
		if ((unsigned char)p->text[i] < 0x20 || p->text[i] == 0x7f)
			return refuse_character(p, i);
	p->out->kind = GS1_PLAIN;
	memcpy(p->out->code, p->text + p->at, len);
	p->out->code[len] = '\0';
	return len > 0 ? 0 : refuse(p, "the label is empty: scan it again");
}

static bool has_separator(const struct parser *p)
{
	for (size_t i = p->at; i < p->len; i++)
		if (separator_at(p, i) > 0)
			return true;
	return false;
}

/* Without a symbology identifier: a GTIN, and behind it the number of another element. */
static bool begins_like_label(const struct parser *p)
{
	const char *at = p->text + p->at;
	size_t left = p->len - p->at;

	if (left < 2 + GTIN_DIGITS || memcmp(at, "01", 2) != 0 || !all_digits(at + 2, GTIN_DIGITS))
		return false;
	return left == 2 + GTIN_DIGITS ||
	       gs1_ai_find(at + 2 + GTIN_DIGITS, left - 2 - GTIN_DIGITS) != NULL;
}

/* Nothing but 16 digits, the first 01: a GTIN, or a number of a maker's own if its last digit is
 * wrong. */
static int refuse_lone_gtin(struct parser *p)
{
	const char *digits = p->text + p->at + 2;

	if (p->len - p->at != 2 + GTIN_DIGITS || has_separator(p) || checks(digits, GTIN_DIGITS))
		return 0;
	return refuse(
		p,
		"01%.*s looks like the number of a product, but its check digit, the last one, "
		"should be %d: it is misread. Scan it again; if it is a number of the maker's "
		"own, say --plain",
		GTIN_DIGITS, digits, gs1_check_digit(digits, GTIN_DIGITS - 1));
}

static bool is_symbology(const char *text, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(text, names[i], 2) == 0)
			return true;
	return false;
}

/* Whether what is left, from @at on, reads as an element string; changes nothing. */
static bool reads_as_string(const struct parser *p, size_t at)
{
	char ignored[GS1_PROBLEM];
	struct gs1 scratch = {};
	struct parser copy_of = *p;

	copy_of.at = at;
	copy_of.out = &scratch;
	copy_of.problem = ignored;
	return at < p->len && parse_string(&copy_of) == 0 && scratch.n_elements > 0;
}

/* The scanner types as a keyboard of one country, and the computer reads as one of another; or Caps
 * Lock is on. */
static int look_for_keyboard(struct parser *p)
{
	static const char *const azerty[] = {"&", "\xc3\xa9", "\"", "'",	"(",
					     "-", "\xc3\xa8", "_",  "\xc3\xa7", "\xc3\xa0"};
	static const char *const gs1_swapped[] = {"c1", "D2", "q3", "j1"};
	static const char *const gs1_names[] = {"C1", "d2", "Q3", "e0", "J1"};
	size_t like_digits = 0, digits = 0;

	for (size_t i = 0; i < p->len; i++) {
		digits += is_digit(p->text[i]);
		for (size_t k = 0; k < ELEMENTSOF(azerty); k++)
			like_digits += p->len - i >= strlen(azerty[k]) &&
				       memcmp(p->text + i, azerty[k], strlen(azerty[k])) == 0;
	}
	if (digits == 0 && like_digits >= 8)
		return refuse(p,
			      "the digits came as signs (%.*s...): the scanner types as an "
			      "American keyboard and the computer reads "
			      "as a French one. Set the scanner to the computer's keyboard",
			      (int)MIN(p->len, (size_t)12), p->text);
	if (p->len > 3 && p->text[0] == '+' &&
	    is_symbology(p->text + 1, gs1_names, ELEMENTSOF(gs1_names)) && reads_as_string(p, 3))
		return refuse(p,
			      "the label begins with %.3s instead of ]%.2s: the scanner types as "
			      "an American keyboard and the computer "
			      "reads as another. Set the scanner to the computer's keyboard",
			      p->text, p->text + 1);
	if (symbology_at(p, 0) &&
	    (is_symbology(p->text + 1, gs1_swapped, ELEMENTSOF(gs1_swapped)) ||
	     (memcmp(p->text + 1, "E0", 2) == 0 && p->len > 3 + GTIN_DIGITS &&
	      reads_as_string(p, 3))))
		return refuse(p,
			      "the label begins with %.3s: large and small letters are swapped. "
			      "Switch Caps Lock off and scan again",
			      p->text);
	return 0;
}

/* A symbology identifier stands in front of a scan; one inside is the next scan's. */
static int look_for_second(struct parser *p)
{
	static const char *const names[] = {"C1", "e0", "d2", "Q3", "E0", "E4"};

	for (size_t i = 1; i < p->len; i++)
		if (symbology_at(p, i) && is_symbology(p->text + i + 1, names, ELEMENTSOF(names)))
			return refuse(p,
				      "two labels are in one line: a second one begins at "
				      "character %zu. Set the scanner "
				      "to end each scan with Enter, and scan them one by one",
				      i + 1);
	return 0;
}

static int parse_any(struct parser *p)
{
	static const char *const gs1[] = {"C1", "e0", "e1", "e2", "d2", "Q3", "J1"};
	static const char *const goods[] = {"E0", "E4"};
	bool named = symbology_at(p, 0);
	int r;

	if (named && is_symbology(p->text + 1, gs1, ELEMENTSOF(gs1))) {
		p->at = 3;
		r = parse_string(p);
		return r == 0 ? finish(p) : r;
	}
	p->at = named ? 3 : 0;
	if (named && is_symbology(p->text + 1, goods, ELEMENTSOF(goods)))
		return parse_goods(p);
	if (bracket_at(p, p->at) > 0) {
		r = parse_bracketed(p);
		return r == 0 ? finish(p) : r;
	}
	if (has_separator(p) || begins_like_label(p)) {
		r = refuse_lone_gtin(p);
		if (r == 0)
			r = parse_string(p);
		return r == 0 ? finish(p) : r;
	}
	if (all_digits(p->text + p->at, p->len - p->at) && goods_length(p->len - p->at))
		return parse_goods(p);
	return parse_plain(p);
}

int gs1_parse(const char *text, size_t len, const struct gs1_options *options, struct gs1 *ret,
	      char problem[GS1_PROBLEM])
{
	struct gs1 out = {};
	struct parser p = {
		.text = text, .len = len, .year = options->year, .out = &out, .problem = problem};
	int r = 0;

	while (p.len > 0 && strchr(" \t\r\n", text[p.len - 1]) && text[p.len - 1] != '\0')
		p.len--;
	if (options->separator) {
		p.separator = options->separator;
		p.separator_len = strlen(options->separator);
	}
	if (p.len == 0)
		return refuse(&p, "nothing was scanned");
	if (p.len > GS1_LABEL_MAX)
		return refuse(&p,
			      "one scan has at most %d characters, and here are %zu: several "
			      "labels are in one line. Set the scanner "
			      "to end each scan with Enter",
			      GS1_LABEL_MAX, p.len);
	if (!options->plain)
		r = look_for_second(&p);
	if (r == 0 && !options->plain)
		r = look_for_keyboard(&p);
	if (r == 0 && options->plain)
		p.at = symbology_at(&p, 0) ? 3 : 0;
	if (r == 0)
		r = options->plain ? parse_plain(&p) : parse_any(&p);
	if (r == 0)
		*ret = out;
	return r;
}
