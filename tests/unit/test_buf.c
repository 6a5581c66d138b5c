/* SPDX-License-Identifier: MIT */
/* The buffer, and that what the JSON writer writes is JSON: jansson reads it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/timefmt.h"

static void grows_and_ends_in_zero(void **state)
{
	struct buf b = BUF_INIT(0);
	char *taken;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_addf(&b, "%d,", i);
		assert_int_equal(b.data[b.len], 0);
		assert_int_equal(strlen(b.data), b.len);
	}
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strncmp(b.data + b.len - 8, "998,999,", 8), 0);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_adds(&b, "kept");
	taken = buf_take(&b);
	assert_string_equal(taken, "kept");
	assert_null(b.data);
	free(taken);
	taken = buf_take(&b); /* of nothing: an empty text */
	assert_string_equal(taken, "");
	free(taken);
	buf_done(&b);
}

static void limit_holds(void **state)
{
	struct buf b = BUF_INIT(5);

	(void)state;
	buf_add(&b, "abcd", 4);
	buf_addc(&b, 'e');
	assert_int_equal(b.error, 0);
	buf_addc(&b, 'f');
	assert_int_equal(b.error, -E2BIG);
	assert_string_equal(b.data, "abcde");
	buf_add(&b, "", 0); /* sticky */
	assert_int_equal(b.error, -E2BIG);
	assert_null(buf_take(&b));
	buf_reset(&b);
	assert_int_equal(b.error, 0);
	buf_addf(&b, "%s", "12345");
	assert_int_equal(b.error, 0);
	buf_reset(&b);
	buf_adds(&b, "12");
	buf_addf(&b, "%d", 3456); /* all or nothing */
	assert_int_equal(b.error, -E2BIG);
	assert_string_equal(b.data, "12");
	buf_reset(&b);
	buf_adds(&b, "123");
	json_hex(&b, "\x01\x02", 2);
	assert_int_equal(b.error, -E2BIG);
	buf_done(&b);
}

static void commas_come_by_themselves(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	json_open(&b, '{');
	json_key(&b, "a");
	json_open(&b, '[');
	json_int(&b, 1);
	json_open(&b, '[');
	json_close(&b, ']');
	json_open(&b, '{');
	json_close(&b, '}');
	json_text(&b, "[");
	json_text(&b, ",");
	json_bool(&b, true);
	json_nil(&b);
	json_raw(&b, "{\"x\":1}", 7);
	json_hex(&b, "\x00\xff", 2);
	json_time(&b, TIME_UNKNOWN);
	json_close(&b, ']');
	json_kv_text(&b, "t", NULL);
	json_kv_int(&b, "i", -1);
	json_kv_bool(&b, "b", false);
	json_kv_time(&b, "at", 0);
	json_close(&b, '}');
	assert_string_equal(b.data, "{\"a\":[1,[],{},\"[\",\",\",true,null,{\"x\":1},\"00ff\",null]"
				    ",\"t\":null,\"i\":-1,"
				    "\"b\":false,\"at\":\"1970-01-01T00:00:00.000000Z\"}");
	/* a line ended: the next text begins without a comma */
	buf_addc(&b, '\n');
	json_open(&b, '{');
	assert_string_equal(b.data + b.len - 3, "}\n{");
	buf_done(&b);
}

static void integers(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	json_int(&b, INT64_MIN);
	json_int(&b, INT64_MAX);
	json_int(&b, 0);
	json_uint(&b, 10);
	json_uint(&b, UINT64_C(1) << 53);
	json_uint(&b, (UINT64_C(1) << 53) + 1);
	json_uint(&b, UINT64_MAX);
	assert_string_equal(b.data, "-9223372036854775808,9223372036854775807,0,10,"
				    "9007199254740992,\"9007199254740993\","
				    "\"18446744073709551615\"");
	buf_done(&b);
}

static void decimals(void **state)
{
	static const struct {
		double v;
		int decimals;
		const char *text;
	} cases[] = {
		{0, 3, "0"},
		{1.5, 3, "1.5"},
		{-1.5, 3, "-1.5"},
		{1.0005, 3, "1.001"},
		{-0.0001, 3, "0"},
		{2.675, 1, "2.7"},
		{0.05, 1, "0.1"},
		{123456.789, 0, "123457"},
		{99.9996, 3, "100"},
		{0.001, 3, "0.001"},
		{0.0101, 4, "0.0101"},
		{10, 2, "10"},
		{NAN, 2, "null"},
		{INFINITY, 2, "null"},
		{-INFINITY, -1, "null"},
		{0.1, -1, "0.1"},
		{1.0 / 3, -1, "0.3333333333333333"},
		{5e-324, -1, "4.94065645841247e-324"},
		{1e300, 3, "1e+300"},
		{-123456789012345680, 2, "-1.2345678901234568e+17"},
		{0.5, 12, "0.5"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct buf b = BUF_INIT(0);

		json_decimal(&b, cases[i].v, cases[i].decimals);
		assert_string_equal(b.data, cases[i].text);
		buf_done(&b);
	}
}

/* Negative decimals: whatever was written reads back the same. */
static void reals_read_back(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct buf b = BUF_INIT(0);
		double v;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		memcpy(&v, &seed, sizeof(v));
		if (!isfinite(v))
			continue;
		json_decimal(&b, v, -1);
		assert_true(strtod(b.data, NULL) == v);
		buf_done(&b);
	}
}

static void expect_text(const char *text, size_t len, const char *expected)
{
	struct buf b = BUF_INIT(0);
	json_t *value;

	json_textn(&b, text, len);
	if (!streq(b.data, expected))
		fail_msg("%s instead of %s", b.data, expected);
	value = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert_non_null(value);
	json_decref(value);
	buf_done(&b);
}

#define EXPECT_TEXT(text, expected) expect_text(text, sizeof(text) - 1, "\"" expected "\"")
#define BAD			    "\xef\xbf\xbd"

static void texts_are_escaped(void **state)
{
	(void)state;
	EXPECT_TEXT("", "");
	EXPECT_TEXT("plain text of more than eight bytes", "plain text of more than eight bytes");
	EXPECT_TEXT("12345678", "12345678");
	EXPECT_TEXT("a\"b\\c/d", "a\\\"b\\\\c/d");
	EXPECT_TEXT("\b\f\n\r\t\x01\x1f\x7f", "\\b\\f\\n\\r\\t\\u0001\\u001f\x7f");
	EXPECT_TEXT("a\0b", "a\\u0000b");
	/* the eight-byte step sees each of these at each place */
	for (int at = 0; at < 16; at++) {
		static const char special[] = {'"', '\\', '\n', '\x80', '\x1f', '\x7f', ' ', '!'};

		for (size_t s = 0; s < sizeof(special); s++) {
			char text[17] = "abcdefghijklmnop", expected[64];
			const char *escaped[] = {"\\\"",    "\\\\", "\\n", BAD,
						 "\\u001f", "\x7f", " ",   "!"};

			text[at] = special[s];
			snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", at, text, escaped[s],
				 text + at + 1);
			expect_text(text, 16, expected);
		}
	}
}

/* Valid characters pass, each bad piece becomes one U+FFFD (the Unicode standard's "maximal
 * subpart"). */
static void bad_utf8_is_replaced(void **state)
{
	(void)state;
	EXPECT_TEXT("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		    "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	EXPECT_TEXT("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf "
		    "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf",
		    "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf "
		    "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf");
	EXPECT_TEXT("\x80", BAD);
	EXPECT_TEXT("\xff\xfe", BAD BAD);
	EXPECT_TEXT("\xc0\xaf", BAD BAD); /* overlong */
	EXPECT_TEXT("\xc1\xbf", BAD BAD);
	EXPECT_TEXT("\xe0\x9f\x80", BAD BAD BAD);
	EXPECT_TEXT("\xf0\x8f\x80\x80", BAD BAD BAD BAD);
	EXPECT_TEXT("\xed\xa0\x80", BAD BAD BAD);	  /* surrogate */
	EXPECT_TEXT("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* beyond U+10FFFF */
	EXPECT_TEXT("\xf5\x80", BAD BAD);
	EXPECT_TEXT("\xe2\x82", BAD); /* cut */
	EXPECT_TEXT("\xe2\x82"
		    "a",
		    BAD "a");
	EXPECT_TEXT("\xf0\x9f\x98", BAD);
	EXPECT_TEXT("\xf0\x9f\x98\"", BAD "\\\"");
	EXPECT_TEXT("\xc3", BAD);
	EXPECT_TEXT("\xc3\xc3\xa9", BAD "\xc3\xa9");
}

/* Any bytes at all give valid JSON. */
static void noise_is_json(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct buf b = BUF_INIT(0);
		char noise[64];
		size_t len = (size_t)i % sizeof(noise);
		json_t *value;

		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525u + 1013904223u;
			noise[k] = (char)(seed >> 24);
		}
		json_textn(&b, noise, len);
		value = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (!value)
			fail_msg("round %d: %s", i, b.data);
		json_decref(value);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_ends_in_zero),
		cmocka_unit_test(limit_holds),
		cmocka_unit_test(commas_come_by_themselves),
		cmocka_unit_test(integers),
		cmocka_unit_test(decimals),
		cmocka_unit_test(reals_read_back),
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(bad_utf8_is_replaced),
		cmocka_unit_test(noise_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
