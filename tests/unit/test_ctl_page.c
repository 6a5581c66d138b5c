/* SPDX-License-Identifier: MIT */
/* A report's page as plain text: 80 columns, words whole, and nothing lost; and the same calls as
 * HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <locale.h>

#include <jansson.h>

/* clang-format off: each needs those before it */
#include "../../tools/ctl-text.c"
#include "../../tools/ctl-html.c"
#include "../../tools/ctl-page-text.c"
#include "../../tools/ctl-page.c"
/* clang-format on */

static void expect_wrapped(const char *text, size_t indent, size_t width, const char *wanted)
{
	struct buf b = BUF_INIT(0);

	page_text_wrap(&b, text, indent, width);
	assert_int_equal(b.error, 0);
	assert_string_equal(b.data, wanted);
	buf_done(&b);
}

static void test_lines_are_broken_between_words(void **state)
{
	(void)state;
	expect_wrapped("", 2, 20, "\n");
	expect_wrapped("one two", 0, 7, "one two\n");
	expect_wrapped("one two three", 0, 7, "one two\nthree\n");
	expect_wrapped("one two three", 2, 9, "one two\n  three\n");
	expect_wrapped("one two", 0, 6, "one\ntwo\n");
	expect_wrapped("abcdefghij", 0, 4, "abcd\nefgh\nij\n");
	expect_wrapped("abc-defgh", 0, 6, "abc-\ndefgh\n");
	expect_wrapped("-abcdefg", 0, 6, "-abcde\nfg\n");
	expect_wrapped("ab\ncd", 1, 20, "ab\n cd\n");
	expect_wrapped("a\x1b[31mb", 0, 20, "a\\x1b[31mb\n");
	expect_wrapped("\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xb6", 0, 4,
		       "\xc3\xa4\xc3\xa4\xc3\xa4\n\xc3\xb6\n");
}

static void expect_table(const struct page_column *columns, size_t n, char *const *cells,
			 size_t n_cells, const char *wanted)
{
	struct buf b = BUF_INIT(0);

	page_text_table(&b, columns, n, cells, n_cells);
	assert_int_equal(b.error, 0);
	assert_string_equal(b.data, wanted);
	buf_done(&b);
}

static void test_tables(void **state)
{
	static const struct page_column columns[] = {PAGE_COLUMN("what"), PAGE_NUMBER("n"),
						     PAGE_WHOLE("when")};
	char *const cells[] = {(char *)"ink",	 (char *)"12", (char *)"09:30",
			       (char *)"needle", (char *)"7",  NULL};

	(void)state;
	expect_table(columns, 3, cells, 6,
		     "  what     n  when\n"
		     "  ink     12  09:30\n"
		     "  needle   7  NOT RECORDED\n");
}

/* Texts share what numbers leave; what cannot be shared is cut, and none of it is lost. */
static void test_wide_tables(void **state)
{
	static const struct page_column columns[] = {PAGE_COLUMN("a"), PAGE_NUMBER("number"),
						     PAGE_COLUMN("b")};
	char word[121], text[200] = "";
	char *cells[] = {text, (char *)"123456789", word};
	struct buf b = BUF_INIT(0);
	size_t xs = 0, words = 0;

	(void)state;
	memset(word, 'x', 120);
	word[120] = '\0';
	for (int i = 0; i < 24; i++)
		strcat(text, "yes no ");
	page_text_table(&b, columns, 3, cells, 3);
	for (const char *p = b.data, *end; *p; p = end + 1) {
		end = strchr(p, '\n');
		assert_non_null(end);
		assert_true(end - p <= PAGE_WIDTH);
	}
	for (const char *p = b.data; *p; p++) {
		xs += *p == 'x';
		words += strncmp(p, "yes", 3) == 0;
	}
	assert_int_equal(xs, 120);
	assert_int_equal(words, 24);
	assert_non_null(strstr(b.data, " 123456789 "));
	buf_done(&b);
}

static const struct page_column three[] = {
	PAGE_COLUMN("first"), PAGE_COLUMN("second"), PAGE_COLUMN("third"), {}};

static void fill(struct page *p, enum page_form form)
{
	static const char *const gaps[] = {"no <ink>", NULL};

	page_begin(p, form, "Title <1>", "title 1");
	page_box(p, "Missing", gaps);
	page_heading(p, "Who");
	page_pair(p, "Name", "A & B");
	page_pair(p, "Licence", NULL);
	page_table(p, three);
	page_cell(p, "1");
	page_cell(p, "-");
	page_cell(p, "x");
	page_cell(p, "2");
	page_cell(p, "");
	page_cell(p, NULL);
	page_figure(p, "<svg/>", "a drawing");
	assert_int_equal(page_end(p), 0);
}

static void test_as_text(void **state)
{
	struct page p;

	(void)state;
	fill(&p, PAGE_TEXT);
	assert_string_equal(p.out.data, "Title <1>\n"
					"=========\n"
					"\n*** Missing\n"
					"  * no <ink>\n"
					"\nWho\n"
					"---\n"
					"  Name                    A & B\n"
					"  Licence                 NOT RECORDED\n"
					"  first  third\n"
					"  1      x\n"
					"  2      NOT RECORDED\n"
					"\n");
	page_done(&p);
}

static void test_as_html(void **state)
{
	struct page p;

	(void)state;
	fill(&p, PAGE_HTML);
	assert_non_null(strstr(p.out.data, "<title>Title &lt;1&gt;</title>"));
	assert_non_null(strstr(p.out.data, "<h1>Title &lt;1&gt;</h1>"));
	assert_non_null(strstr(p.out.data, "<p>no &lt;ink&gt;</p>"));
	assert_non_null(strstr(p.out.data, "<th scope=\"row\">Name</th><td>A &amp; B</td>"));
	assert_non_null(strstr(p.out.data, "<td><span class=\"gap\">not recorded</span>\n</td>"));
	assert_non_null(strstr(p.out.data, "<thead><tr><th scope=\"col\">first</th><th "
					   "scope=\"col\">third</th></tr></thead>"));
	assert_null(strstr(p.out.data, "second"));
	assert_non_null(strstr(p.out.data, "<figure>\n<svg/><figcaption>a drawing</figcaption>"));
	page_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_broken_between_words),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_wide_tables),
		cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_as_html),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
