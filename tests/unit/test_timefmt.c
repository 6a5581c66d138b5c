/* SPDX-License-Identifier: MIT */
/* Times: our calendar against the C library's, RFC 3339 both ways, local days in a zone with summer
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/timefmt.h"

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void formats_utc(void **state)
{
	static const struct {
		int64_t at_us;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
		{INT64_C(4107542399999999), "2100-02-28T23:59:59.999999Z"},
		{INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
		{INT64_C(1795167062123456), "2026-11-20T09:31:02.123456Z"},
		{INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999999Z"},
		{INT64_MIN + 1, "0000-01-01T00:00:00.000000Z"},
		{TIME_UNKNOWN, ""},
	};
	char text[TIME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		assert_string_equal(time_format_utc(cases[i].at_us, text), cases[i].text);
}

/* Every day of four centuries, and the way back. */
static void calendar_agrees_with_libc(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		time_t seconds = (time_t)(day * 86400 + day % 86400);
		char ours[TIME_TEXT_MAX], libc[TIME_TEXT_MAX];
		int64_t back;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(libc, sizeof(libc), "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
		assert_string_equal(time_format_utc(seconds * USEC_PER_SEC, ours), libc);
		assert_int_equal(time_parse_rfc3339(ours, &back), 0);
		assert_int_equal(back, seconds * USEC_PER_SEC);
	}
}

static void parses(void **state)
{
	static const struct {
		const char *text;
		int64_t at_us;
	} cases[] = {
		{"2026-11-20T10:31:02+01:00", INT64_C(1795167062000000)},
		{"2026-11-20 04:01:02-05:30", INT64_C(1795167062000000)},
		{"2026-11-20t09:31:02z", INT64_C(1795167062000000)},
		{"2026-11-20T09:31:02.5Z", INT64_C(1795167062500000)},
		{"2026-11-20T09:31:02.1234569Z", INT64_C(1795167062123456)},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T01:00:00+01:00", 0},
		{"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
		{"2017-01-01T00:59:60+01:00", INT64_C(1483228800000000)},
		{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
	};
	int64_t at;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		if (time_parse_rfc3339(cases[i].text, &at) != 0)
			fail_msg("%s", cases[i].text);
		assert_int_equal(at, cases[i].at_us);
	}
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-11-20",
		"2026-11-20T",
		"2026-11-20T09:31",
		"2026-11-20T09:31:02",
		"2026-11-20T09:31:02.Z",
		"2026-11-20T09:31:02+1:00",
		"2026-11-20T09:31:02+0100",
		"2026-11-20T09:31:02+24:00",
		"2026-11-20T09:31:02+01:60",
		"2026-11-20T09:31:02Z ",
		" 2026-11-20T09:31:02Z",
		"2026-11-20T09:31:02ZZ",
		"2026-11-20T9:31:02Z",
		"2026-11-20T24:00:00Z",
		"2026-11-20T09:60:00Z",
		"2026-11-20T09:31:61Z",
		"2026-11-20T09:31:60Z",
		"2026-00-20T09:31:02Z",
		"2026-13-20T09:31:02Z",
		"2026-11-00T09:31:02Z",
		"2026-11-31T09:31:02Z",
		"2026-02-29T09:31:02Z",
		"2100-02-29T09:31:02Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"+026-11-20T09:31:02Z",
		"2026-11-20_09:31:02Z",
		"2026/11/20T09:31:02Z",
		"20261120T093102Z",
		"now",
	};
	int64_t at = 42;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		if (time_parse_rfc3339(cases[i], &at) != -EINVAL)
			fail_msg("%s was taken", cases[i]);
	assert_int_equal(at, 42); /* written only on success */
}

static void local_times_follow_the_zone(void **state)
{
	int64_t winter = INT64_C(1795167062123456),
		summer = INT64_C(1782000000000000); /* 2026-06-21T00:00:00Z */
	char text[TIME_TEXT_MAX];

	(void)state;
	set_zone("Europe/Berlin");
	assert_string_equal(time_format_local(winter, text), "2026-11-20 10:31:02+01:00");
	assert_string_equal(time_format_local(summer, text), "2026-06-21 02:00:00+02:00");
	assert_int_equal(time_local_day(summer), 20260621);
	assert_int_equal(time_local_day(summer - 2 * 3600 * USEC_PER_SEC), 20260621);
	assert_int_equal(time_local_day(summer - 2 * 3600 * USEC_PER_SEC - 1), 20260620);
	set_zone("America/St_Johns");
	assert_string_equal(time_format_local(winter, text), "2026-11-20 06:01:02-03:30");
	set_zone("UTC");
	assert_string_equal(time_format_local(winter, text), "2026-11-20 09:31:02+00:00");
	assert_int_equal(time_local_day(-1), 19691231);
	assert_string_equal(time_format_local(TIME_UNKNOWN, text), "");
	/* saturated times are still times */
	assert_int_equal(time_local_day(INT64_MAX), 99991230);
	assert_int_equal(strlen(time_format_local(INT64_MIN + 1, text)), 25);
}

static void zones_are_checked(void **state)
{
	(void)state;
	assert_true(time_zone_valid("UTC"));
	assert_true(time_zone_valid("Europe/Berlin"));
	assert_false(time_zone_valid(""));
	assert_false(time_zone_valid("Europe/Atlantis"));
	assert_false(time_zone_valid("Europe"));
	assert_false(time_zone_valid("../../../etc/passwd"));
	assert_false(time_zone_valid("Europe/../../../../etc/passwd"));
	assert_false(time_zone_valid("/etc/localtime"));
	assert_false(time_zone_valid("zone.tab"));
	assert_true(time_zone_is_name("America/Port-au-Prince"));
	assert_true(time_zone_is_name("Etc/GMT+5"));
	assert_false(time_zone_is_name("Europe/Berlin.old"));
	assert_false(time_zone_is_name("Europe/Berlin\n"));
	assert_false(time_zone_is_name(
		"A/name/that/is/longer/than/that/of/any/zone/which/anybody/ever/lived/in"));
}

static void clocks_run(void **state)
{
	int64_t boot = now_boot_us(), utc = now_utc_us();

	(void)state;
	assert_true(now_boot_us() >= boot);
	assert_true(boot > 0);
	assert_true(utc > INT64_C(1700000000) * USEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_utc),
		cmocka_unit_test(calendar_agrees_with_libc),
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(local_times_follow_the_zone),
		cmocka_unit_test(zones_are_checked),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
