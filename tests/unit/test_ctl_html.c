/* SPDX-License-Identifier: MIT */
/* What comes from outside stays text on a page, and a drawing's places and steps are where they
 * belong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include <jansson.h>

/* clang-format off: the second needs the first */
#include "../../tools/ctl-text.c"
#include "../../tools/ctl-html.c"
#include "../../tools/ctl-svg.c"
/* clang-format on */

static void expect_made(void (*add)(struct buf *, const char *), const char *text,
			const char *wanted)
{
	struct buf b = BUF_INIT(0);

	add(&b, text);
	assert_int_equal(b.error, 0);
	assert_string_equal(b.data ? b.data : "", wanted);
	buf_done(&b);
}

static void test_nothing_becomes_markup(void **state)
{
	(void)state;
	expect_made(html_text, "<script>alert('x')</script>",
		    "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
	expect_made(html_text, "a\" onload=\"b", "a&quot; onload=&quot;b");
	expect_made(html_text, "&lt;", "&amp;lt;");
	expect_made(html_text, "]]>", "]]&gt;");
	expect_made(html_text, NULL, "");
	expect_made(html_text, "", "");
	expect_made(html_text, "\xc3\x84nna \xe2\x82\xac", "\xc3\x84nna \xe2\x82\xac");
}

/* XML has no control characters, and the direction of reading is the page's own. */
static void test_controls_are_written_out(void **state)
{
	(void)state;
	expect_made(html_text,
		    "a\x01"
		    "b\x1b[31m\x7f",
		    "a\\x01b\\x1b[31m\\x7f");
	expect_made(html_text,
		    "a\xe2\x80\xae"
		    "b",
		    "a\\u{202e}b");
	expect_made(html_text, "\xff<", "\\xff&lt;");
}

static void test_lines_and_long_words(void **state)
{
	(void)state;
	expect_made(html_lines, "one\ntwo\r\nthree\n", "one<br/>two<br/>three");
	expect_made(html_lines, "<a>\n<b>", "&lt;a&gt;<br/>&lt;b&gt;");
	expect_made(html_lines, "123456789012345678901234", "123456789012345678901234");
	expect_made(html_lines, "1234567890123456789012345", "123456789012345678901234<wbr/>5");
	expect_made(html_lines, "12345678901234567890 1234567890",
		    "12345678901234567890 1234567890");
	expect_made(html_text, "1234567890123456789012345", "1234567890123456789012345");
	/* letters are counted, not bytes, and none is cut */
	expect_made(
		html_lines,
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4<wbr/"
		">\xc3\xa4");
}

static void test_days_and_numbers_stay_whole(void **state)
{
	(void)state;
	expect_made(html_lines, "on 2026-11-20.", "on <span class=\"nowrap\">2026-11-20</span>.");
	expect_made(html_lines, "2026-11", "<span class=\"nowrap\">2026-11</span>");
	expect_made(html_lines, "2026-11-20", "<span class=\"nowrap\">2026-11-20</span>");
	/* lots and serial numbers, too; words and long ones may be broken at their hyphens */
	expect_made(
		html_lines, "INK-8, (PEN-0001)",
		"<span class=\"nowrap\">INK-8</span>, (<span class=\"nowrap\">PEN-0001</span>)");
	expect_made(html_lines, "coin-sized", "coin-sized");
	expect_made(html_lines, "EXAMPLE-0000-00001", "EXAMPLE-0000-00001");
	expect_made(html_lines, "\xc3\x84-1", "\xc3\x84-1");
	expect_made(html_lines, "12 345 678 cycles",
		    "12\xc2\xa0"
		    "345\xc2\xa0"
		    "678 cycles");
	expect_made(html_lines, "2 1000, 2 10, x 100", "2 1000, 2 10, x 100");
	expect_made(html_text, "2026-11-20 1 000", "2026-11-20 1 000");
}

/* Names from right to left stand by themselves, so that digits beside them stay where they are. */
static void test_right_to_left(void **state)
{
	(void)state;
	expect_made(html_lines, "1003, \xd7\x93\xd7\x95 \xd7\x93, 12",
		    "1003, <bdi>\xd7\x93\xd7\x95 \xd7\x93</bdi>, 12");
	expect_made(html_lines, "\xd9\x81 <\xd9\x81> a", "<bdi>\xd9\x81 &lt;\xd9\x81</bdi>&gt; a");
	expect_made(html_lines, "\xd9\x81", "<bdi>\xd9\x81</bdi>");
	expect_made(html_text, "\xd9\x81", "\xd9\x81");
	expect_made(html_lines, "\xe5\xb1\xb1 1", "\xe5\xb1\xb1 1");
}

/* What stands at the foot of pages is a string of the style sheet, and ends neither. */
static void test_foot(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	html_begin(&b, "t", "client \"</style>\\ #1");
	assert_non_null(strstr(b.data, "content:\"client \\22 \\3c \\2f style\\3e \\5c  #1\""));
	buf_done(&b);
}

static void test_elements(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	html_element(&b, "p", "fine", "a<b");
	html_element(&b, "title", NULL, "123456789012345678901234567890");
	assert_string_equal(
		b.data,
		"<p class=\"fine\">a&lt;b</p>\n<title>123456789012345678901234567890</title>\n");
	buf_done(&b);
}

static void test_scale(void **state)
{
	struct svg_scale up = {0, 1000, 200, 50}, point = {5, 5, 10, 20};

	(void)state;
	assert_true(svg_at(&up, 0) == 200);
	assert_true(svg_at(&up, 1000) == 50);
	assert_true(svg_at(&up, 500) == 125);
	assert_true(svg_at(&up, 2000) == -100);
	assert_true(svg_within(&up, 2000) == 50);
	assert_true(svg_within(&up, -1) == 200);
	assert_true(svg_at(&point, 7) == 10); /* nothing to divide by */
}

static void test_steps(void **state)
{
	static const struct {
		double from, to;
		int most;
		double step;
	} cases[] = {{0, 10, 5, 2},    {0, 1000, 5, 200}, {0, 1001, 5, 500}, {0, 878, 5, 200},
		     {80, 110, 5, 10}, {0, 0.3, 5, 0.1},  {0, 5, 5, 1},	     {-50, 50, 4, 50},
		     {7, 7, 5, 1},     {9, 3, 5, 1}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		double step = svg_step(cases[i].from, cases[i].to, cases[i].most);

		if (fabs(step - cases[i].step) > 1e-12)
			fail_msg("%g to %g in %d steps: %g, not %g", cases[i].from, cases[i].to,
				 cases[i].most, step, cases[i].step);
	}
	assert_int_equal(svg_clock_step(60, 10), 10);
	assert_int_equal(svg_clock_step(61, 10), 10);
	assert_int_equal(svg_clock_step(101, 10), 15);
	assert_int_equal(svg_clock_step(4 * 3600, 10), 1800);
	assert_int_equal(svg_clock_step(8 * 3600, 10), 3600);
	assert_int_equal(svg_clock_step(0.5, 10), 1);
	assert_int_equal(svg_clock_step(30 * 86400.0, 10), 3 * 86400);
	assert_true(svg_clock_step(1e300, 10) > 0);
}

static void expect_number(double x, const char *wanted)
{
	struct buf b = BUF_INIT(0);

	svg_number(&b, x);
	assert_string_equal(b.data, wanted);
	buf_done(&b);
}

static void test_numbers_are_short(void **state)
{
	(void)state;
	expect_number(0, "0");
	expect_number(-0.001, "0");
	expect_number(100, "100");
	expect_number(1.5, "1.5");
	expect_number(1.256, "1.26");
	expect_number(-3.10, "-3.1");
	expect_number(1e300, "1000000");
	expect_number(-INFINITY, "0");
	expect_number(NAN, "0");
}

static void expect_label(double width, const char *text, const char *wanted)
{
	struct buf b = BUF_INIT(0);

	svg_label(&b, 0, 0, 10, width, text);
	if (*wanted)
		assert_non_null(strstr(b.data ? b.data : "", wanted));
	else
		assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void test_labels_fit_or_are_cut(void **state)
{
	(void)state;
	expect_label(100, "hairline", ">hairline<");
	expect_label(30, "hairline", ">hair\xe2\x80\xa6<");
	expect_label(12, "hairline", "");
	expect_label(-5, "hairline", "");
	expect_label(30, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
		     ">\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xe2\x80\xa6<");
	expect_label(100, "<x>", ">&lt;x&gt;<");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_becomes_markup),
		cmocka_unit_test(test_controls_are_written_out),
		cmocka_unit_test(test_lines_and_long_words),
		cmocka_unit_test(test_days_and_numbers_stay_whole),
		cmocka_unit_test(test_right_to_left),
		cmocka_unit_test(test_foot),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_numbers_are_short),
		cmocka_unit_test(test_labels_fit_or_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
