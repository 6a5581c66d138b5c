/* SPDX-License-Identifier: MIT */
/* Labels: what a good scan says, and that each mistake a scanner makes is told apart and said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/gs1.h"
#include "base/gs1_ai.h"

#define GTIN "04012345678901" /* invented; its check digit is right */

static int parse_with(const char *text, const char *separator, bool plain, struct gs1 *ret,
		      char problem[GS1_PROBLEM])
{
	const struct gs1_options options = {.separator = separator, .year = 2026, .plain = plain};

	problem[0] = '\0';
	return gs1_parse(text, strlen(text), &options, ret, problem);
}

static struct gs1 good_with(const char *text, const char *separator)
{
	char problem[GS1_PROBLEM];
	struct gs1 g = {};

	if (parse_with(text, separator, false, &g, problem) != 0)
		fail_msg("'%s' was refused: %s", text, problem);
	return g;
}

static struct gs1 good(const char *text)
{
	return good_with(text, NULL);
}

static void bad_with(const char *text, const char *separator, const char *word)
{
	char problem[GS1_PROBLEM];
	struct gs1 g = {.count = 77};

	if (parse_with(text, separator, false, &g, problem) != -EBADMSG)
		fail_msg("'%s' was not refused", text);
	if (!strstr(problem, word))
		fail_msg("'%s': '%s' is not in '%s'", text, word, problem);
	assert_int_equal(g.count, 77); /* written on success only */
}

static void bad(const char *text, const char *word)
{
	bad_with(text, NULL, word);
}

static void expect_label(const struct gs1 *g, const char *gtin, const char *lot, const char *expiry,
			 const char *serial)
{
	assert_int_equal(g->kind, GS1_LABEL);
	assert_string_equal(g->gtin, gtin);
	assert_string_equal(g->lot, lot);
	assert_string_equal(g->expiry, expiry);
	assert_string_equal(g->serial, serial);
}

static void test_check_digits(void **state)
{
	(void)state;
	/* The General Specifications' own examples, section 7.9. */
	assert_int_equal(gs1_check_digit("629104150021", 12), 3);
	assert_int_equal(gs1_check_digit("37610425002123456", 17), 9);
	assert_int_equal(gs1_check_digit("0401234567890", 13), 1);
}

static void test_labels(void **state)
{
	struct gs1 g;

	(void)state;
	g = good("]C101" GTIN "1728113010AB-12");
	expect_label(&g, GTIN, "AB-12", "2028-11-30", "");
	g = good("]d201" GTIN "10AB12\x1d"
		 "1728113021000123\x1d"
		 "30"
		 "20");
	expect_label(&g, GTIN, "AB12", "2028-11-30", "000123");
	assert_int_equal(g.count, 20);
	assert_int_equal(g.n_elements, 5);
	assert_string_equal(g.element[4].ai, "30");
	g = good("]Q3\x1d"
		 "10X\x1d\x1d"
		 "01" GTIN "\r\n"); /* FNC1 in front and twice is read over */
	expect_label(&g, GTIN, "X", "", "");
	g = good("]e001" GTIN "11240501240REF-1");
	assert_string_equal(g.made, "2024-05-01");
	assert_string_equal(g.element[2].title, "ADDITIONAL ID");
	g = good("01" GTIN "1728110010L1"); /* no symbology: begins as a label does */
	expect_label(&g, GTIN, "L1", "2028-11", "");
	g = good("(01)" GTIN "(17)281130(10)AB(12(710)123456");
	expect_label(&g, GTIN, "AB(12", "2028-11-30", "");
	assert_string_equal(g.element[3].title, "NHRN");
	g = good("]C115281130");
	assert_true(g.best_before);
	assert_string_equal(g.expiry, "2028-11-30");
	g = good("]C11728113015291130");
	assert_false(g.best_before);
	assert_string_equal(g.expiry, "2028-11-30");
	g = good("]C1010401234567890101" GTIN); /* the same twice says the same */
	assert_int_equal(g.n_elements, 1);
}

static void test_unknown_elements_are_named(void **state)
{
	struct gs1 g;

	(void)state;
	g = good("]C101" GTIN "7099abc\x1d"
		 "10L1\x1d"
		 "88"
		 "77");
	assert_int_equal(g.n_elements, 4);
	assert_string_equal(g.element[1].ai, "7099");
	assert_null(g.element[1].title);
	assert_int_equal(g.element[1].len, 3);
	assert_string_equal(g.element[3].ai, "88");
	assert_string_equal(g.lot, "L1");
	g = good("]C104"
		 "1234567890123456"
		 "10L1"); /* not in the table, of predefined length */
	assert_null(g.element[0].title);
	assert_string_equal(g.lot, "L1");
}

static void test_separators(void **state)
{
	struct gs1 g;

	(void)state;
	g = good_with("]C110AB12|17281130|21X", "|");
	expect_label(&g, "", "AB12", "2028-11-30", "X");
	g = good_with("10AB12<GS>17281130", "<GS>");
	expect_label(&g, "", "AB12", "2028-11-30", "");
	g = good_with("]C110AB12\x1d"
		      "17281130",
		      "|"); /* GS itself always counts */
	expect_label(&g, "", "AB12", "2028-11-30", "");
	bad("]C110AB12|17281130", "--gs '|'");
	bad("]C110AB12\x1e"
	    "17281130",
	    "0x1e");
	bad("]C110AB12\xe2\x90\x9d"
	    "17281130",
	    "--gs '\xe2\x90\x9d'");
	bad("]C110"
	    "ABCDEFGHIJKLM"
	    "17281130",
	    "(10) at character 4 would be 21 characters");
	bad("]C1422"
	    "27610L1",
	    "separator"); /* fixed, and still ended by one */
}

static void test_lost_separator_is_doubted(void **state)
{
	struct gs1 g;

	(void)state;
	g = good("]C101" GTIN "10AB1217281130");
	assert_string_equal(g.lot, "AB1217281130");
	assert_non_null(strstr(g.doubt, "17281130"));
	assert_non_null(strstr(g.doubt, "2028-11-30"));
	g = good("]C101" GTIN "21X117281130"
		 "10AB");
	assert_non_null(strstr(g.doubt, "serial number"));
	g = good("]C101" GTIN "10AB1217281130\x1d"
		 "2177"); /* separators come: it is a lot */
	assert_string_equal(g.doubt, "");
	g = good("]C101" GTIN "10AB1217281330");
	assert_string_equal(g.doubt, ""); /* no date */
	g = good("]C101" GTIN "10AB1217601130");
	assert_string_equal(g.doubt, ""); /* of 2060: no expiry */
}

/* A lot that is known to end before the end of what was read. */
static void test_what_may_stand_behind_a_lot(void **state)
{
	const struct gs1_options options = {.year = 2026};
	struct gs1 g;

	(void)state;
	g = good("]C101" GTIN "10C-7721S-0002");
	assert_string_equal(g.lot, "C-7721S-0002");
	assert_false(g.separated);
	assert_non_null(strstr(gs1_behind_lot(&g, 4, &options), "serial number"));
	assert_null(gs1_behind_lot(&g, 3, &options));
	assert_null(gs1_behind_lot(&g, strlen(g.lot), &options));
	g = good("]C101" GTIN "10AB1217601130");
	assert_non_null(strstr(gs1_behind_lot(&g, 4, &options), "expiry"));
	g = good("]C101" GTIN "10AB1217601330");
	assert_null(gs1_behind_lot(&g, 4, &options)); /* no date */
	g = good("]C101" GTIN "10C-7721");	      /* nothing behind the 21 */
	assert_null(gs1_behind_lot(&g, 4, &options));
	g = good("]C101" GTIN "10C-7721S\x1d"
		 "21X");
	assert_true(g.separated);
	assert_null(gs1_behind_lot(&g, 4, &options));
	g = good("(01)" GTIN "(10)C-7721S");
	assert_null(gs1_behind_lot(&g, 4, &options));
}

static void test_dates(void **state)
{
	(void)state;
	assert_string_equal(good("]C117280229").expiry, "2028-02-29");
	assert_string_equal(good("]C117280200").expiry, "2028-02");
	assert_string_equal(good("]C17003"
				 "2811301200")
				    .expiry,
			    "2028-11-30");
	bad("]C117270229", "no date");
	bad("]C117281301", "no date");
	bad("]C1"
	    "7003"
	    "2811001200",
	    "no date");
	/* section 7.12: 49 years back to 50 ahead of 2026 */
	assert_string_equal(good("]C117760101").expiry, "2076-01-01");
	assert_string_equal(good("]C117770101").expiry, "1977-01-01");
	assert_string_equal(good("]C117990101").expiry, "1999-01-01");
}

static void test_century_near_its_end(void **state)
{
	const struct gs1_options options = {.year = 2096};
	char problem[GS1_PROBLEM];
	struct gs1 g;

	(void)state;
	assert_int_equal(gs1_parse("]C117020101", 11, &options, &g, problem), 0);
	assert_string_equal(g.expiry, "2102-01-01");
}

static void test_broken_scans(void **state)
{
	(void)state;
	bad("", "nothing was scanned");
	bad(" \r\n", "nothing was scanned");
	bad("]C1", "empty");
	bad("]C10104012345678", "needs 14");
	bad("]C101" GTIN "1728", "needs 6");
	bad("]C101" GTIN "10", "is empty");
	bad("]C101" GTIN "1", "number of an element");
	bad("]C101" GTIN "X", "number of an element");
	bad("]C10104012345678902", "check digit 2 and should have 1");
	bad("]C101" GTIN "17O81130", "'O' at character 22");
	bad("]C101" GTIN "10AB\xc3\xa4", "cannot be part");
	bad("]C101" GTIN "10AB]C101" GTIN, "second one begins at character 24");
	bad("]C101" GTIN "01"
	    "04012345678918",
	    "two labels");
	bad("]C110AB\x1d"
	    "10CD",
	    "comes twice, as AB and as CD");
	bad("(01)" GTIN "17)281130", "separator");
	bad("(17)281130(10)", "is empty");
}

static void test_keyboards(void **state)
{
	(void)state;
	bad("]c101" GTIN "10ab", "Caps Lock");
	bad("]D201" GTIN, "Caps Lock");
	bad("]q301" GTIN, "Caps Lock");
	bad("]E001" GTIN "10AB", "Caps Lock");
	bad("+C101" GTIN "10AB", "computer's keyboard");
	bad("$C&\xc3\xa0&\xc3\xa0'\xc3\xa0&\xc3\xa9\"'(-\xc3\xa8_\xc3\xa7\xc3\xa0&", "French");
	/* HIBC begins with '+', and is a plain code */
	assert_int_equal(good("+C123ABC01234567").kind, GS1_PLAIN);
}

static void test_goods(void **state)
{
	struct gs1 g;

	(void)state;
	g = good("4012345678901");
	assert_int_equal(g.kind, GS1_GOODS);
	assert_string_equal(g.gtin, GTIN);
	assert_string_equal(good("]E04012345678901").gtin, GTIN);
	assert_string_equal(good("036000291452").gtin, "00036000291452");
	assert_string_equal(good("96385074").gtin, "00000096385074");
	assert_string_equal(good(GTIN).gtin, GTIN);
	bad("4012345678902", "last digit should be 1");
	bad("]E0401234567890", "should be");
	bad("]E040123", "broke off");
}

static void test_plain(void **state)
{
	char problem[GS1_PROBLEM];
	struct gs1 g;

	(void)state;
	g = good("REF 0603RL/20");
	assert_int_equal(g.kind, GS1_PLAIN);
	assert_string_equal(g.code, "REF 0603RL/20");
	assert_string_equal(good("]C0ABC").code, "ABC"); /* Code 128 that is not GS1's */
	assert_int_equal(parse_with("4012345678902", NULL, true, &g, problem), 0);
	assert_string_equal(g.code, "4012345678902");
	bad("AB\tC\x01", "0x09");
	/* 16 digits may be a product's number that was misread, or a number of its maker's own */
	bad("0104012345678902", "check digit, the last one, should be 1");
	assert_int_equal(parse_with("0104012345678902", NULL, true, &g, problem), 0);
	assert_string_equal(g.code, "0104012345678902");
}

static void test_too_long(void **state)
{
	char text[GS1_LABEL_MAX + 2];
	char problem[GS1_PROBLEM];
	const struct gs1_options options = {.year = 2026};
	struct gs1 g;

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_int_equal(gs1_parse(text, GS1_LABEL_MAX, &options, &g, problem), 0);
	assert_int_equal(gs1_parse(text, GS1_LABEL_MAX + 1, &options, &g, problem), -EBADMSG);
	assert_non_null(strstr(problem, "several labels"));
}

/* Every element of the table parses with its least and its longest value, and is refused beyond. */
static void test_every_element(void **state)
{
	static const char *const begins[] = {"00",   "01",   "10",   "20",   "235",  "240",  "242",
					     "253",  "30",   "3100", "37",   "3900", "400",  "402",
					     "410",  "420",  "421",  "7001", "7030", "7040", "710",
					     "7230", "7240", "8003", "8006", "8017", "90",   "91"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(begins); i++) {
		const struct gs1_ai *ai = gs1_ai_find(begins[i], strlen(begins[i]));
		char text[160], problem[GS1_PROBLEM];
		struct gs1 g;
		size_t n;

		assert_non_null(ai);
		assert_int_equal(gs1_ai_digits(begins[i], strlen(begins[i])), strlen(begins[i]));
		n = (size_t)snprintf(text, sizeof(text), "]C1%s", begins[i]);
		memset(text + n, '1', 120);
		if (ai->digits > 0 && ai->flags & AI_CHECKED)
			text[n + ai->digits - 1] =
				(char)('0' + gs1_check_digit(text + n, ai->digits - 1u));
		text[n + ai->digits + ai->more] = '\0';
		if (parse_with(text, NULL, false, &g, problem) != 0)
			fail_msg("%s: %s", begins[i], problem);
		assert_int_equal(g.n_elements, 1);
		assert_int_equal(g.element[0].len, ai->digits + ai->more);
		text[n + ai->digits + ai->least] = '\0';
		if (parse_with(text, NULL, false, &g, problem) != 0)
			fail_msg("%s at its shortest: %s", begins[i], problem);
		text[n + ai->digits + ai->least - 1] = '\0';
		assert_int_equal(parse_with(text, NULL, false, &g, problem), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_digits),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_unknown_elements_are_named),
		cmocka_unit_test(test_separators),
		cmocka_unit_test(test_lost_separator_is_doubted),
		cmocka_unit_test(test_what_may_stand_behind_a_lot),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_century_near_its_end),
		cmocka_unit_test(test_broken_scans),
		cmocka_unit_test(test_keyboards),
		cmocka_unit_test(test_goods),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_every_element),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
