/* SPDX-License-Identifier: MIT */
/* Times as people type them: every form, the edges of days, summer time, and what must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* The tool's files themselves: they are in no library that the tests link. */
#include "../../tools/ctl-guess.c"
#include "../../tools/ctl-time.c"

/* 2026-11-20 09:31:02.5 UTC, a Friday; 10:31:02.5 in Berlin. */
#define NOW INT64_C(1795167062500000)

static void use_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void expect_time(const char *text, bool end, const char *utc)
{
	int64_t found, wanted;
	char shown[TIME_TEXT_MAX];

	assert_int_equal(time_parse_rfc3339(utc, &wanted), 0);
	assert_int_equal(ctl_time_parse(text, NOW, end, &found), 0);
	if (found != wanted)
		fail_msg("'%s' is %s, wanted %s", text, time_format_utc(found, shown), utc);
}

static void expect_refused(const char *text, int error)
{
	int64_t found = 77;

	if (ctl_time_parse(text, NOW, false, &found) != error)
		fail_msg("'%s' was not refused by %d", text, error);
	assert_int_equal(found, 77); /* written only on success */
}

static void test_words(void **state)
{
	(void)state;
	use_zone("Europe/Berlin");
	expect_time("now", false, "2026-11-20T09:31:02.5Z");
	expect_time("now", true, "2026-11-20T09:31:02.5Z");
	expect_time("today", false, "2026-11-19T23:00:00Z");
	expect_time("today", true, "2026-11-20T23:00:00Z");
	expect_time("yesterday", false, "2026-11-18T23:00:00Z");
	expect_time("yesterday", true, "2026-11-19T23:00:00Z");
	expect_time("Yesterday", false, "2026-11-18T23:00:00Z");
	expect_time("YESTERDAY 9:00", false, "2026-11-19T08:00:00Z");
}

static void test_clock_of_day(void **state)
{
	(void)state;
	use_zone("Europe/Berlin");
	expect_time("10:30", false, "2026-11-20T09:30:00Z");
	expect_time("9:05", true, "2026-11-20T08:05:00Z");
	expect_time("23:59:59", false, "2026-11-20T22:59:59Z");
	expect_time("today 10:30", false, "2026-11-20T09:30:00Z");
	expect_time("yesterday 16:00", false, "2026-11-19T15:00:00Z");
	expect_refused("24:00", -EINVAL);
	expect_refused("10:60", -EINVAL);
	expect_refused("10:3", -EINVAL);
	expect_refused("123:00", -EINVAL);
	expect_refused("tomorrow 10:00", -EINVAL);
	expect_refused("today ", -EINVAL);
	expect_refused(":30", -EINVAL);
	use_zone("UTC");
}

static void test_dates(void **state)
{
	(void)state;
	use_zone("Europe/Berlin");
	expect_time("2026-11-20", false, "2026-11-19T23:00:00Z");
	expect_time("2026-11-20", true, "2026-11-20T23:00:00Z");
	expect_time("2026-12-31", true, "2026-12-31T23:00:00Z");
	expect_time("2028-02-29", false, "2028-02-28T23:00:00Z");
	expect_time("2026-10", false, "2026-09-30T22:00:00Z");
	expect_time("2026-10", true, "2026-10-31T23:00:00Z");
	expect_time("2026-12", true, "2026-12-31T23:00:00Z");
	expect_time("2026-11-20 14:00", false, "2026-11-20T13:00:00Z");
	expect_time("2026-11-20 14:00", true, "2026-11-20T13:00:00Z");
	expect_time("2026-11-20T14:00", false, "2026-11-20T13:00:00Z");
	expect_time("2026-07-01 14:00:59", false, "2026-07-01T12:00:59Z");
}

static void test_rfc3339(void **state)
{
	(void)state;
	use_zone("Europe/Berlin");
	expect_time("2026-11-20T14:00:00Z", false, "2026-11-20T14:00:00Z");
	expect_time("2026-11-20 14:00:00Z", false, "2026-11-20T14:00:00Z");
	expect_time("2026-11-20T14:00:00.25+01:00", false, "2026-11-20T13:00:00.25Z");
	expect_time("2026-11-20T14:00:00-05:30", true, "2026-11-20T19:30:00Z");
}

static void test_before(void **state)
{
	(void)state;
	use_zone("Europe/Berlin");
	expect_time("-90s", false, "2026-11-20T09:29:32.5Z");
	expect_time("-30m", false, "2026-11-20T09:01:02.5Z");
	expect_time("-2h", false, "2026-11-20T07:31:02.5Z");
	expect_time("-7d", true, "2026-11-13T09:31:02.5Z");
	expect_time("-1w", false, "2026-11-13T09:31:02.5Z");
	expect_time("-0s", false, "2026-11-20T09:31:02.5Z");
}

/* Summer time ended on 25 October 2026, 03:00 to 02:00, and began on 29 March, 02:00 to 03:00. */
static void test_summer_time(void **state)
{
	int64_t a, b;

	(void)state;
	use_zone("Europe/Berlin");
	/* 30 days back keeps 10:31 on the wall; 30 times 24 hours does not. */
	expect_time("-30d", false, "2026-10-21T08:31:02.5Z");
	expect_time("-720h", false, "2026-10-21T09:31:02.5Z");
	/* A day of 25 hours and one of 23. */
	assert_int_equal(ctl_time_parse("2026-10-25", NOW, false, &a), 0);
	assert_int_equal(ctl_time_parse("2026-10-25", NOW, true, &b), 0);
	assert_int_equal(b - a, 25 * 3600 * USEC_PER_SEC);
	assert_int_equal(ctl_time_parse("2026-03-29", NOW, false, &a), 0);
	assert_int_equal(ctl_time_parse("2026-03-29", NOW, true, &b), 0);
	assert_int_equal(b - a, 23 * 3600 * USEC_PER_SEC);
}

static void test_zone_is_asked(void **state)
{
	(void)state;
	use_zone("UTC0");
	expect_time("2026-11-20", false, "2026-11-20T00:00:00Z");
	expect_time("2026-11-20 14:00", false, "2026-11-20T14:00:00Z");
	use_zone("Pacific/Auckland"); /* already the 20th, 22:31 */
	expect_time("today", false, "2026-11-19T11:00:00Z");
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"tomorrow",
		"2026",
		"2026-",
		"2026-11-",
		"2026-11 ",
		"2026-13",
		"2026-1-2",
		"2026-00-10",
		"2026-13-01",
		"2026-11-00",
		"2026-11-31",
		"2026-02-29",
		"20261120",
		"2026-11-20 ",
		"2026-11-20 24:00",
		"2026-11-20 14",
		"2026-11-20 14:60",
		"2026-11-20 14:00:60",
		"2026-11-20 14:00 ",
		"2026-11-20x",
		"-",
		"-h",
		"-2",
		"-2y",
		"-2hh",
		"--2h",
		"- 2h",
		"2h",
		"-2.5h",
		"2026-11-20T14:00:00+1",
		"2026/11/20",
		"+2h",
	};

	(void)state;
	use_zone("Europe/Berlin");
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		expect_refused(bad[i], -EINVAL);
	expect_refused("1969-12-31", -ERANGE);
	expect_refused("-99999999w", -ERANGE);
	expect_refused("-99999999999999999999h", -ERANGE);
	expect_refused("-1000000h", -ERANGE); /* before 1970 */
	expect_refused("-100000d", -ERANGE);
}

/* @wanted: NULL nothing. */
static void expect_guess(const char *text, bool day, const char *wanted)
{
	char found[GUESS_MAX] = "";
	bool some = ctl_time_guess(text, NOW, day, found);

	if (some != (wanted != NULL) || (some && strcmp(found, wanted) != 0))
		fail_msg("'%s' becomes '%s', wanted '%s'", text, some ? found : "nothing",
			 wanted ? wanted : "nothing");
}

/* A Friday, 20 November 2026. */
static void test_guesses(void **state)
{
	static const struct {
		const char *text, *time, *day;
	} cases[] = {
		{"last march", "2026-03", NULL},
		{"March", "2026-03", NULL},
		{"in november", "2026-11", NULL},
		{"last november", "2025-11", NULL},
		{"december", "2025-12", NULL},
		{"sept 2024", "2024-09", NULL},
		{"5 March 2026", "2026-03-05", "2026-03-05"},
		{"March 5th", "2026-03-05", "2026-03-05"},
		{"last month", "2026-10", NULL},
		{"this month", NULL, NULL},
		{"monday", "2026-11-16", "2026-11-16"},
		{"last Friday", "2026-11-13", "2026-11-13"},
		{"last week", "2026-11-13", "2026-11-13"},
		{"tomorrow", "2026-11-21", "2026-11-21"},
		{"2026/3/5", "2026-03-05", "2026-03-05"},
		{"2026-3", "2026-03", NULL},
		{"2026-3-5", "2026-03-05", "2026-03-05"},
		{"20260305", "2026-03-05", "2026-03-05"},
		{"5.3.2026", "2026-03-05", "2026-03-05"},
		{"05.03.26", "2026-03-05", "2026-03-05"},
		{"17.05.1965", NULL, "1965-05-17"},
		{"17.5.65", NULL, "1965-05-17"},
		{"3/5/2026", "2026-05-03 or 2026-03-05", "2026-05-03 or 2026-03-05"},
		{"13/5/2026", "2026-05-13", "2026-05-13"},
		{"5/13/2026", "2026-05-13", "2026-05-13"},
		{"31.2.2026", NULL, NULL},
		{"11/2025", "2025-11", NULL},
		{"13/2025", NULL, NULL},
		{"17. Mai 1990", "1990-05-17", "1990-05-17"},
		{"5. M\xc3\xa4rz 2026", "2026-03-05", "2026-03-05"},
		{"dez", "2025-12", NULL},
		{"3.5.2026 10:00", "'2026-05-03 10:00'", NULL},
		{"3/5/2026 9:05", "'2026-05-03 9:05' or '2026-03-05 9:05'", NULL},
		{"tomorrow 16:00", "'2026-11-21 16:00'", NULL},
		{"3.5.2026 25:00", NULL, NULL},
		{"soon 10:00", NULL, NULL},
		{"9.30", "9:30", NULL},
		{"9h30", "9:30", NULL},
		{"9 pm", "21:00", NULL},
		{"12:15 am", "0:15", NULL},
		{"2h", "-2h", NULL},
		{"25:00", NULL, NULL},
		{"soon", NULL, NULL},
		{"", NULL, NULL},
		{"1 2 3 4 5 6 7 8", NULL, NULL},
		{"99999999999999999999", NULL, NULL},
	};

	(void)state;
	use_zone("Europe/Berlin");
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		expect_guess(cases[i].text, false, cases[i].time);
		expect_guess(cases[i].text, true, cases[i].day);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	      cmocka_unit_test(test_clock_of_day),
		cmocka_unit_test(test_dates),	      cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_before),	      cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_zone_is_asked), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
