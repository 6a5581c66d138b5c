/* SPDX-License-Identifier: MIT */
/* What the tool does to text before a terminal sees it, and how it cuts JSON without re-writing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>

#include "../../tools/ctl-text.c"

static void expect_safe(void (*add)(struct buf *, const char *, size_t), const char *text,
			size_t len, const char *wanted)
{
	struct buf b = BUF_INIT(0);

	add(&b, text, len);
	assert_int_equal(b.error, 0);
	assert_string_equal(b.data ? b.data : "", wanted);
	buf_done(&b);
}
#define SAFE(text, wanted)	expect_safe(text_add_safe, text, sizeof(text) - 1, wanted)
#define SAFE_JSON(text, wanted) expect_safe(text_add_safe_json, text, sizeof(text) - 1, wanted)

static void test_plain_text_is_kept(void **state)
{
	(void)state;
	SAFE("", "");
	SAFE("DEMO-1", "DEMO-1");
	SAFE("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x96\x8a",
	     "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x96\x8a");
	SAFE("back\\slash", "back\\slash");
}

static void test_controls_are_written_out(void **state)
{
	(void)state;
	SAFE("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m");
	SAFE("a\nb\tc\rd\0e", "a\\x0ab\\x09c\\x0dd\\x00e");
	SAFE("\x7f", "\\x7f");
	SAFE("\xc2\x9b"
	     "31m",
	     "\\x9b31m"); /* CSI as one character */
	SAFE("\x9b"
	     "31m",
	     "\\x9b31m"); /* and as a byte that is not UTF-8 */
	SAFE("a\xe2\x80\xae"
	     "b",
	     "a\\u{202e}b"); /* right-to-left override */
	SAFE("\xef\xbb\xbf", "\\u{feff}");
	SAFE("\xe2\x80\xa8", "\\u{2028}");
}

static void test_bad_utf8_is_written_out(void **state)
{
	(void)state;
	SAFE("\xc0\x9b", "\\xc0\\x9b"); /* overlong */
	SAFE("\xe0\x82\x9b", "\\xe0\\x82\\x9b");
	SAFE("\xed\xa0\x80", "\\xed\\xa0\\x80");	  /* surrogate */
	SAFE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	SAFE("\xe2\x82", "\\xe2\\x82");			  /* cut off */
	SAFE("\xff\xfe", "\\xff\\xfe");
}

static void test_json_stays_json(void **state)
{
	static const char text[] = "{\"a\":\"x\xc2\x9by\x7f\",\n\"b\":[1,2]}";
	struct buf b = BUF_INIT(0);
	json_t *before, *after;

	(void)state;
	SAFE_JSON("{\"a\":\"\xc2\x9b\"}", "{\"a\":\"\\u009b\"}");
	SAFE_JSON("\"\xe2\x80\xae\"", "\"\\u202e\"");
	SAFE_JSON("\"\xff\"", "\"\\ufffd\"");
	text_add_safe_json(&b, text, sizeof(text) - 1);
	before = json_loads(text, 0, NULL);
	after = json_loads(b.data, 0, NULL);
	assert_non_null(before);
	assert_true(json_equal(before, after));
	for (size_t i = 0; i < b.len; i++)
		assert_true((unsigned char)b.data[i] >= 0x20 && (unsigned char)b.data[i] < 0x7f);
	json_decref(before);
	json_decref(after);
	buf_done(&b);
}

static void test_ages(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{-1, "-"},
		{0, "0.0 s"},
		{0.42, "0.4 s"},
		{12.9, "12 s"},
		{200, "3 min 20 s"},
		{7500, "2 h 05 min"},
		{3 * 86400 + 7200, "3 d 02 h"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct buf b = BUF_INIT(0);

		text_add_age(&b, cases[i].seconds);
		assert_string_equal(b.data, cases[i].text);
		buf_done(&b);
	}
}

static void expect_slice(struct slice s, const char *wanted)
{
	assert_non_null(s.p);
	if (s.len != strlen(wanted) || memcmp(s.p, wanted, s.len) != 0)
		fail_msg("found '%.*s', wanted '%s'", (int)s.len, s.p, wanted);
}

static void test_members(void **state)
{
	static const char text[] = " { \"a\" : 1.50 , \"b}\":\"x\\\"}\", "
				   "\"c\":{\"a\":[1,{\"d\":\"]\"}]},\"d\":null,\"e\":[ ] } ";
	struct slice whole = {text, sizeof(text) - 1};

	(void)state;
	expect_slice(slice_member(whole, "a"), "1.50");
	expect_slice(slice_member(whole, "b}"), "\"x\\\"}\"");
	expect_slice(slice_member(whole, "c"), "{\"a\":[1,{\"d\":\"]\"}]}");
	expect_slice(slice_member(slice_member(whole, "c"), "a"), "[1,{\"d\":\"]\"}]");
	expect_slice(slice_member(whole, "d"), "null");
	expect_slice(slice_member(whole, "e"), "[ ]");
	assert_null(slice_member(whole, "x").p);
	assert_null(slice_member(whole, "b").p);
	assert_null(slice_member((struct slice){"{}", 2}, "a").p);
	assert_null(slice_member((struct slice){"[1]", 3}, "a").p);
}

static void test_elements(void **state)
{
	static const char text[] = "[ 1, \"a,b\" ,{\"x\":[1,2]},[],true ]";
	static const char *const wanted[] = {"1", "\"a,b\"", "{\"x\":[1,2]}", "[]", "true"};
	struct slice at = {text, sizeof(text) - 1}, item;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
		assert_true(slice_next(&at, &item));
		expect_slice(item, wanted[i]);
	}
	assert_false(slice_next(&at, &item));
	at = (struct slice){"[]", 2};
	assert_false(slice_next(&at, &item));
}

/* Every beginning of a text: whatever is cut off, no byte behind the end is touched (a sanitizer
 * watches). */
static void test_cut_off_text(void **state)
{
	static const char text[] = "{\"a\":[\"x\\\\\\\"\",{\"b\":-1.5e3}],\"c\":\"\xc2\x9b\"}";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);
		struct slice whole = {copy, n}, array, item;
		struct buf b = BUF_INIT(0);

		assert_non_null(copy);
		memcpy(copy, text, n);
		slice_member(whole, "zz");
		array = slice_member(whole, "a");
		while (array.p && slice_next(&array, &item))
			slice_member(item, "b");
		text_add_safe(&b, copy, n);
		text_add_safe_json(&b, copy, n);
		assert_int_equal(b.error, 0);
		buf_done(&b);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_is_kept),
		cmocka_unit_test(test_controls_are_written_out),
		cmocka_unit_test(test_bad_utf8_is_written_out),
		cmocka_unit_test(test_json_stays_json),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_cut_off_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
