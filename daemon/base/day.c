/* SPDX-License-Identifier: MIT */
#include "day.h"

#define YEAR_MIN 1800 /* birth dates */

static int month_days(int year, int month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

bool day_valid(int32_t day)
{
	int year = day / 10000, month = day / 100 % 100, d = day % 100;

	return year >= YEAR_MIN && year <= 9999 && month >= 1 && month <= 12 && d >= 1 &&
	       d <= month_days(year, month);
}

int32_t day_number(int32_t day)
{
	int year = day / 10000, month = day / 100 % 100, before;
	int32_t n = day % 100 - 1;

	assert(day_valid(day));
	for (int m = 1; m < month; m++)
		n += month_days(year, m);
	before = year - 1;
	n += before * 365 + before / 4 - before / 100 + before / 400;
	return n - 719162; /* 1970-01-01, counted so */
}

/* @len digits, or -1. */
static int digits(const char *text, size_t len)
{
	int v = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + text[i] - '0';
	}
	return v;
}

bool day_parse(const char *text, size_t len, int32_t *ret)
{
	int year, month, d;

	if (len != 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	d = digits(text + 8, 2);
	if (year < 0 || month < 0 || d < 0 || !day_valid(year * 10000 + month * 100 + d))
		return false;
	*ret = year * 10000 + month * 100 + d;
	return true;
}

bool day_parse_expiry(const char *text, size_t len, int32_t *ret)
{
	int year, month;

	if (len != 7)
		return day_parse(text, len, ret);
	year = digits(text, 4);
	month = digits(text + 5, 2);
	if (text[4] != '-' || year < 0 || month < 0 || !day_valid(year * 10000 + month * 100 + 1))
		return false;
	*ret = year * 10000 + month * 100 + month_days(year, month);
	return true;
}
