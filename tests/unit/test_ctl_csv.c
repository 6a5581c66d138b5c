/* SPDX-License-Identifier: MIT */
/* Client lists of other programs: quotes, line ends, encodings, days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../tools/ctl-csv.c"

static void expect_record(struct csv *c, int line, size_t n, const char *const *fields)
{
	char problem[160] = "";

	if (csv_next(c, problem) != 1)
		fail_msg("line %d was refused: %s", c->first_line, problem);
	assert_int_equal(c->first_line, line);
	assert_int_equal(c->n_fields, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(csv_field(c, i), fields[i]);
}
#define EXPECT(c, line, ...)                                                                       \
	expect_record(c, line, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),             \
		      (const char *[]){__VA_ARGS__})

static void test_records(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a,b,c\r\n\r\n1,,\n\"x, \"\"y\"\"\r\nz\",2,\"\"\r5";
	struct csv c;
	char problem[160];

	(void)state;
	assert_int_equal(csv_init(&c, text, sizeof(text) - 1, ','), 0);
	EXPECT(&c, 1, "a", "b", "c");
	EXPECT(&c, 3, "1", "", "");
	EXPECT(&c, 4, "x, \"y\"\r\nz", "2", "");
	EXPECT(&c, 6, "5");
	assert_int_equal(csv_next(&c, problem), 0);
	csv_done(&c);
}

static void test_broken_lines_are_passed_over(void **state)
{
	static const char text[] = "a\"b;1\n\"c\"d;2\ne;3\n\"f;4\ng;5\n";
	struct csv c;
	char problem[160] = "";

	(void)state;
	assert_int_equal(csv_init(&c, text, sizeof(text) - 1, ';'), 0);
	assert_int_equal(csv_next(&c, problem), -EBADMSG);
	assert_non_null(strstr(problem, "quote inside"));
	assert_memory_equal(text + c.start, "a\"b;1\n", c.at - c.start);
	assert_int_equal(csv_next(&c, problem), -EBADMSG);
	assert_non_null(strstr(problem, "goes on"));
	EXPECT(&c, 3, "e", "3");
	assert_int_equal(csv_next(&c, problem), -EUCLEAN);
	assert_non_null(strstr(problem, "begins in line 4"));
	assert_int_equal(csv_next(&c, problem), 0);
	csv_done(&c);
}

static void test_too_many_columns(void **state)
{
	char text[2 * CSV_FIELDS_MAX + 4], problem[160] = "";
	struct csv c;

	(void)state;
	memset(text, ',', sizeof(text));
	assert_int_equal(csv_init(&c, text, CSV_FIELDS_MAX - 1, ','), 0);
	assert_int_equal(csv_next(&c, problem), 1);
	assert_int_equal(c.n_fields, CSV_FIELDS_MAX);
	csv_done(&c);
	assert_int_equal(csv_init(&c, text, CSV_FIELDS_MAX, ','), 0);
	assert_int_equal(csv_next(&c, problem), -EBADMSG);
	csv_done(&c);
}

static void test_what_is_no_text(void **state)
{
	struct csv c;

	(void)state;
	assert_int_equal(csv_init(&c,
				  "\xff\xfe"
				  "a\0",
				  4, ','),
			 -EILSEQ);
	assert_int_equal(csv_init(&c, "a\0b", 3, ','), -EILSEQ);
}

static void expect_decoded(const char *text, enum csv_encoding encoding, const char *wanted)
{
	struct buf b = BUF_INIT(0);
	int r = csv_decode(&b, text, encoding);

	assert_int_equal(r, wanted ? 0 : -EILSEQ);
	if (wanted)
		assert_string_equal(b.data ? b.data : "", wanted);
	buf_done(&b);
}

static void test_encodings(void **state)
{
	(void)state;
	expect_decoded("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80", CSV_UTF8,
		       "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80");
	expect_decoded("M\xfcller", CSV_UTF8, NULL);
	expect_decoded("\xc0\xaf", CSV_UTF8, NULL);	    /* overlong */
	expect_decoded("\xed\xa0\x80", CSV_UTF8, NULL);	    /* a surrogate */
	expect_decoded("\xf4\x90\x80\x80", CSV_UTF8, NULL); /* beyond Unicode */
	expect_decoded("\xe2\x82", CSV_UTF8, NULL);	    /* cut */
	expect_decoded("M\xfcller", CSV_LATIN1, "M\xc3\xbcller");
	expect_decoded("5 \x80", CSV_WINDOWS_1252, "5 \xe2\x82\xac");
	expect_decoded("\x8a\xff", CSV_WINDOWS_1252, "\xc5\xa0\xc3\xbf");
	expect_decoded("\x81", CSV_WINDOWS_1252, NULL);
}

static void test_fields_out(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	csv_add_field(&b, "plain", ';');
	buf_addc(&b, ';');
	csv_add_field(&b, "a,b", ';');
	buf_addc(&b, ';');
	csv_add_field(&b, "a;\"b\"\n", ';');
	assert_string_equal(b.data, "plain;a,b;\"a;\"\"b\"\"\n\"");
	buf_done(&b);
}

static void test_days(void **state)
{
	char out[11] = "before";

	(void)state;
	assert_int_equal(csv_date("dd.mm.yyyy", "05.04.1990", out), 0);
	assert_string_equal(out, "1990-04-05");
	assert_int_equal(csv_date("mm/dd/yyyy", "5/4/1990", out), 0);
	assert_string_equal(out, "1990-05-04");
	assert_int_equal(csv_date("yyyymmdd", "20000229", out), 0);
	assert_string_equal(out, "2000-02-29");
	assert_int_equal(csv_date("yyyy-mm-dd", "1990-04-05", out), 0);
	assert_int_equal(csv_date("dd.mm.yyyy", "29.02.1900", out), -ERANGE);
	assert_int_equal(csv_date("dd.mm.yyyy", "00.02.1990", out), -ERANGE);
	assert_int_equal(csv_date("dd.mm.yyyy", "5.13.1990", out), -ERANGE);
	assert_int_equal(csv_date("dd.mm.yyyy", "5.4.90", out), -EINVAL);
	assert_int_equal(csv_date("dd.mm.yyyy", "5/4/1990", out), -EINVAL);
	assert_int_equal(csv_date("dd.mm.yyyy", "05.04.1990 ", out), -EINVAL);
	assert_int_equal(csv_date("dd.mm.yyyy", "", out), -EINVAL);
	assert_string_equal(out, "1990-04-05");
	assert_true(csv_date_format_ok("d. m. yyyy"));
	assert_false(csv_date_format_ok("dd.mm.yy"));
	assert_false(csv_date_format_ok("dd.mm"));
	assert_false(csv_date_format_ok("dd.mm.yyyy dd"));
	assert_false(csv_date_format_ok("ddd.mm.yyyy"));
	assert_false(csv_date_format_ok(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_broken_lines_are_passed_over),
		cmocka_unit_test(test_too_many_columns),
		cmocka_unit_test(test_what_is_no_text),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_fields_out),
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
