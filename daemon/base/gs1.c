/* SPDX-License-Identifier: MIT */
/* Which kind of label a scan is. */
#include "gs1_parser.h"

#include "gs1_ai.h"

static bool goods_length(size_t len)
{
	return len == 8 || len == 12 || len == 13 || len == GS1_GTIN_DIGITS;
}

static int parse_goods(struct gs1_parser *p)
{
	const char *digits = p->text + p->at;
	size_t len = p->len - p->at;

	if (!gs1_all_digits(digits, len) || !goods_length(len))
		return gs1_refuse(
			p,
			"a bar code of goods has 8, 12, 13 or 14 digits, and here are %zu "
			"characters: the scan broke off. Scan "
			"it again",
			len);
	if (!gs1_checks(digits, len))
		return gs1_refuse(
			p,
			"%.*s looks like a bar code of goods, but its last digit should be "
			"%d: it is misread. Scan it again; if "
			"it is a number of the maker's own, say --plain",
			(int)len, digits, gs1_check_digit(digits, len - 1));
	p->out->kind = GS1_GOODS;
	memset(p->out->gtin, '0', GS1_GTIN_DIGITS);
	memcpy(p->out->gtin + GS1_GTIN_DIGITS - len, digits, len);
	return 0;
}

static int parse_plain(struct gs1_parser *p)
{
	size_t len = p->len - p->at;

	for (size_t i = p->at; i < p->len; i++)
		if ((unsigned char)p->text[i] < 0x20 || p->text[i] == 0x7f)
			return gs1_refuse_character(p, i);
	p->out->kind = GS1_PLAIN;
	memcpy(p->out->code, p->text + p->at, len);
	p->out->code[len] = '\0';
	return len > 0 ? 0 : gs1_refuse(p, "the label is empty: scan it again");
}

static bool has_separator(const struct gs1_parser *p)
{
	for (size_t i = p->at; i < p->len; i++)
		if (gs1_separator_at(p, i) > 0)
			return true;
	return false;
}

/* Without a symbology identifier: a GTIN, and behind it the number of another element. */
static bool begins_like_label(const struct gs1_parser *p)
{
	const char *at = p->text + p->at;
	size_t left = p->len - p->at;

	if (left < 2 + GS1_GTIN_DIGITS || memcmp(at, "01", 2) != 0 ||
	    !gs1_all_digits(at + 2, GS1_GTIN_DIGITS))
		return false;
	return left == 2 + GS1_GTIN_DIGITS ||
	       gs1_ai_find(at + 2 + GS1_GTIN_DIGITS, left - 2 - GS1_GTIN_DIGITS) != NULL;
}

/* Nothing but 16 digits, the first 01: a GTIN, or a number of a maker's own if its last digit is
 * wrong. */
static int refuse_lone_gtin(struct gs1_parser *p)
{
	const char *digits = p->text + p->at + 2;

	if (p->len - p->at != 2 + GS1_GTIN_DIGITS || has_separator(p) ||
	    gs1_checks(digits, GS1_GTIN_DIGITS))
		return 0;
	return gs1_refuse(
		p,
		"01%.*s looks like the number of a product, but its check digit, the last one, "
		"should be %d: it is misread. Scan it again; if it is a number of the maker's "
		"own, say --plain",
		GS1_GTIN_DIGITS, digits, gs1_check_digit(digits, GS1_GTIN_DIGITS - 1));
}

static bool is_symbology(const char *text, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(text, names[i], 2) == 0)
			return true;
	return false;
}

/* Whether what is left, from @at on, reads as an element string; changes nothing. */
static bool reads_as_string(const struct gs1_parser *p, size_t at)
{
	char ignored[GS1_PROBLEM];
	struct gs1 scratch = {};
	struct gs1_parser copy_of = *p;

	copy_of.at = at;
	copy_of.out = &scratch;
	copy_of.problem = ignored;
	return at < p->len && gs1_parse_string(&copy_of) == 0 && scratch.n_elements > 0;
}

/* The scanner types as a keyboard of one country, and the computer reads as one of another; or Caps
 * Lock is on. */
static int look_for_keyboard(struct gs1_parser *p)
{
	static const char *const azerty[] = {"&", "\xc3\xa9", "\"", "'",	"(",
					     "-", "\xc3\xa8", "_",  "\xc3\xa7", "\xc3\xa0"};
	static const char *const gs1_swapped[] = {"c1", "D2", "q3", "j1"};
	static const char *const gs1_names[] = {"C1", "d2", "Q3", "e0", "J1"};
	size_t like_digits = 0, digits = 0;

	for (size_t i = 0; i < p->len; i++) {
		digits += gs1_is_digit(p->text[i]);
		for (size_t k = 0; k < ELEMENTSOF(azerty); k++)
			like_digits += p->len - i >= strlen(azerty[k]) &&
				       memcmp(p->text + i, azerty[k], strlen(azerty[k])) == 0;
	}
	if (digits == 0 && like_digits >= 8)
		return gs1_refuse(p,
				  "the digits came as signs (%.*s...): the scanner types as an "
				  "American keyboard and the computer reads "
				  "as a French one. Set the scanner to the computer's keyboard",
				  (int)MIN(p->len, (size_t)12), p->text);
	if (p->len > 3 && p->text[0] == '+' &&
	    is_symbology(p->text + 1, gs1_names, ELEMENTSOF(gs1_names)) && reads_as_string(p, 3))
		return gs1_refuse(
			p,
			"the label begins with %.3s instead of ]%.2s: the scanner types as "
			"an American keyboard and the computer "
			"reads as another. Set the scanner to the computer's keyboard",
			p->text, p->text + 1);
	if (gs1_symbology_at(p, 0) &&
	    (is_symbology(p->text + 1, gs1_swapped, ELEMENTSOF(gs1_swapped)) ||
	     (memcmp(p->text + 1, "E0", 2) == 0 && p->len > 3 + GS1_GTIN_DIGITS &&
	      reads_as_string(p, 3))))
		return gs1_refuse(
			p,
			"the label begins with %.3s: large and small letters are swapped. "
			"Switch Caps Lock off and scan again",
			p->text);
	return 0;
}

/* A symbology identifier stands in front of a scan; one inside is the next scan's. */
static int look_for_second(struct gs1_parser *p)
{
	static const char *const names[] = {"C1", "e0", "d2", "Q3", "E0", "E4"};

	for (size_t i = 1; i < p->len; i++)
		if (gs1_symbology_at(p, i) &&
		    is_symbology(p->text + i + 1, names, ELEMENTSOF(names)))
			return gs1_refuse(p,
					  "two labels are in one line: a second one begins at "
					  "character %zu. Set the scanner "
					  "to end each scan with Enter, and scan them one by one",
					  i + 1);
	return 0;
}

static int parse_any(struct gs1_parser *p)
{
	static const char *const gs1[] = {"C1", "e0", "e1", "e2", "d2", "Q3", "J1"};
	static const char *const goods[] = {"E0", "E4"};
	bool named = gs1_symbology_at(p, 0);
	int r;

	if (named && is_symbology(p->text + 1, gs1, ELEMENTSOF(gs1))) {
		p->at = 3;
		r = gs1_parse_string(p);
		return r == 0 ? gs1_finish(p) : r;
	}
	p->at = named ? 3 : 0;
	if (named && is_symbology(p->text + 1, goods, ELEMENTSOF(goods)))
		return parse_goods(p);
	if (gs1_bracket_at(p, p->at) > 0) {
		r = gs1_parse_bracketed(p);
		return r == 0 ? gs1_finish(p) : r;
	}
	if (has_separator(p) || begins_like_label(p)) {
		r = refuse_lone_gtin(p);
		if (r == 0)
			r = gs1_parse_string(p);
		return r == 0 ? gs1_finish(p) : r;
	}
	if (gs1_all_digits(p->text + p->at, p->len - p->at) && goods_length(p->len - p->at))
		return parse_goods(p);
	return parse_plain(p);
}

int gs1_parse(const char *text, size_t len, const struct gs1_options *options, struct gs1 *ret,
	      char problem[GS1_PROBLEM])
{
	struct gs1 out = {};
	struct gs1_parser p = {
		.text = text, .len = len, .year = options->year, .out = &out, .problem = problem};
	int r = 0;

	while (p.len > 0 && strchr(" \t\r\n", text[p.len - 1]) && text[p.len - 1] != '\0')
		p.len--;
	if (options->separator) {
		p.separator = options->separator;
		p.separator_len = strlen(options->separator);
	}
	if (p.len == 0)
		return gs1_refuse(&p, "nothing was scanned");
	if (p.len > GS1_LABEL_MAX)
		return gs1_refuse(&p,
				  "one scan has at most %d characters, and here are %zu: several "
				  "labels are in one line. Set the scanner "
				  "to end each scan with Enter",
				  GS1_LABEL_MAX, p.len);
	if (!options->plain)
		r = look_for_second(&p);
	if (r == 0 && !options->plain)
		r = look_for_keyboard(&p);
	if (r == 0 && options->plain)
		p.at = gs1_symbology_at(&p, 0) ? 3 : 0;
	if (r == 0)
		r = options->plain ? parse_plain(&p) : parse_any(&p);
	if (r == 0)
		*ret = out;
	return r;
}
