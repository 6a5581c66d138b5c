/* SPDX-License-Identifier: MIT */
/* JSON read from left to right: numbers to the thousandth, the form of everything, and no byte
 * beyond the end. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/jsonscan.h"

/* Exactly as long as it is, so that a sanitizer sees each byte read behind it. */
static char *exact(const char *text, struct jsonscan *ret)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	*ret = (struct jsonscan){copy, copy + len};
	return copy;
}

static void number_is(const char *text, int64_t milli)
{
	struct jsonscan j;
	char *copy = exact(text, &j);
	int64_t got = 77;
	bool number = false;

	if (!jsonscan_value(&j, &got, &number) || !number || j.at != j.end || got != milli)
		fail_msg("%s: %" PRId64 ", not %" PRId64, text, got, milli);
	free(copy);
}

static void numbers(void **state)
{
	(void)state;
	number_is("0", 0);
	number_is("-0", 0);
	number_is("10", 10000);
	number_is("118.75", 118750);
	number_is("-2.5", -2500);
	number_is("0.0004", 0);
	number_is("0.0005", 1);
	number_is("1.0015", 1002);
	number_is("1.00149999", 1001);
	number_is("12e3", 12000000);
	number_is("12E+3", 12000000);
	number_is("12000e-3", 12000);
	number_is("1.5e-3", 2);
	number_is("1e-9999999999", 0);
	number_is("1e9999999999", INT64_MAX);
	number_is("-1e400", -INT64_MAX);
	number_is("0e9999", 0);
	number_is("9007199254740993", INT64_C(9007199254740993000));
	number_is("9223372036854775", INT64_C(9223372036854775000));
	number_is("9223372036854776", INT64_MAX);
	number_is("123456789012345678901234567890", INT64_MAX);
	number_is("0.000000000000000000000000000001", 0);
	number_is("3.14159265358979323846264338327950288", 3142);
	number_is("1000000000000000000000e-18", 1000000);
}

static bool passes(const char *text)
{
	struct jsonscan j;
	char *copy = exact(text, &j);
	int64_t milli;
	bool number, ok;

	ok = jsonscan_value(&j, &milli, &number) && j.at == j.end;
	free(copy);
	return ok;
}

static void forms(void **state)
{
	static const char *const good[] = {
		"true", "false", "null",       "\"\"",	    "\"a\\\"b\\\\\"",
		"[]",	"{}",	 " [ 1 , 2 ]", "[[[[1]]]]", "{\"a\":{\"b\":[true,null]}}",
		"\t3",
	};
	static const char *const bad[] = {
		"",
		"tru",
		"nul",
		"nan",
		"inf",
		"+1",
		"-",
		".5",
		"1.",
		"1e",
		"1e+",
		"\"",
		"\"a",
		"\"a\\",
		"\"\n\"",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[1 2]",
		"{",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{a:1}",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"[[[[[1]]]]]",
		"{\"a\":[[[[1]]]]}",
		"]",
		",",
		"'a'",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++)
		if (!passes(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		if (passes(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

/* Cut anywhere, a value is refused or is a shorter number. */
static void cut_anywhere(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,\"x\\\"y\",true],\"b\":{\"c\":null}}";

	(void)state;
	assert_true(passes(text));
	for (size_t len = 0; len < strlen(text); len++) {
		char part[sizeof(text)] = "";

		memcpy(part, text, len);
		assert_false(passes(part));
	}
}

static void members(void **state)
{
	struct jsonscan j;
	char *copy = exact("{ \"na\\u006de\" : 5}", &j);
	const char *text;
	int64_t milli;
	bool number;
	size_t len;

	(void)state;
	assert_true(jsonscan_take(&j, '{'));
	assert_false(jsonscan_take(&j, '}'));
	assert_true(jsonscan_at(&j, '"'));
	assert_true(jsonscan_text(&j, &text, &len));
	assert_int_equal(len, 9); /* as it stands there */
	assert_memory_equal(text, "na\\u006de", 9);
	assert_true(jsonscan_take(&j, ':'));
	assert_true(jsonscan_value(&j, &milli, &number));
	assert_true(number);
	assert_int_equal(milli, 5000);
	assert_true(jsonscan_take(&j, '}'));
	assert_false(jsonscan_take(&j, '}'));
	assert_false(jsonscan_at(&j, 0));
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(forms),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(members),
	};

	return cmocka_run_group_tests_name("jsonscan", tests, NULL, NULL);
}
