/* SPDX-License-Identifier: MIT */
#include "ctl-time.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/limits.h"
#include "base/timefmt.h"

#define YEAR_MIN   1970
#define YEAR_MAX   9999
#define AMOUNT_MAX 10000000 /* of any unit: weeks of it are 190 000 years */

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Takes local fields that may be out of their range (day 0, day 35). */
static int from_local(struct tm tm, int64_t *ret_us)
{
	time_t at;

	tm.tm_isdst = -1;
	errno = 0;
	at = mktime(&tm);
	if ((at == (time_t)-1 && errno != 0) || at < 0 || tm.tm_year + 1900 > YEAR_MAX)
		return -ERANGE;
	*ret_us = (int64_t)at * USEC_PER_SEC;
	return 0;
}

/* The first instant of the local day @day_offset days from the one that @tm is
 * in. */
static int day_start(struct tm tm, int day_offset, int64_t *ret_us)
{
	tm.tm_mday += day_offset;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return from_local(tm, ret_us);
}

/* "-2h" and its like; @text is behind the minus. */
static int parse_before(const char *text, int64_t now_us, const struct tm *now, int64_t *ret_us)
{
	struct tm tm = *now;
	int64_t seconds, at;
	unsigned long amount;
	char *unit;
	int r;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	amount = strtoul(text, &unit, 10);
	if (*unit == '\0' || unit[1] != '\0')
		return -EINVAL;
	if (errno != 0 || amount > AMOUNT_MAX)
		return strchr("smhdw", *unit) ? -ERANGE : -EINVAL;
	switch (*unit) {
	case 's':
		seconds = 1;
		break;
	case 'm':
		seconds = 60;
		break;
	case 'h':
		seconds = 3600;
		break;
	case 'd':
	case 'w':
		tm.tm_mday -= (int)amount * (*unit == 'w' ? 7 : 1);
		r = from_local(tm, &at);
		if (r < 0)
			return r;
		*ret_us = at + now_us % USEC_PER_SEC;
		return 0;
	default:
		return -EINVAL;
	}
	at = now_us - seconds * (int64_t)amount * USEC_PER_SEC;
	if (at < 0)
		return -ERANGE;
	*ret_us = at;
	return 0;
}

/* Exactly @digits digits at *@p, which moves behind them; -1 if they are not
 * there. */
static int take_number(const char **p, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool take(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* yyyy-mm-dd, or yyyy-mm and nothing behind it (day 0); leaves the rest in
 * *ret_rest. */
static int parse_date(const char *text, struct tm *ret, const char **ret_rest)
{
	int year, month, day = 0;

	year = take_number(&text, 4);
	if (year < 0 || !take(&text, '-'))
		return -EINVAL;
	month = take_number(&text, 2);
	if (month < 1 || month > 12)
		return -EINVAL;
	if (*text != '\0') {
		if (!take(&text, '-'))
			return -EINVAL;
		day = take_number(&text, 2);
		if (day < 1)
			return -EINVAL;
	}
	if (year < YEAR_MIN)
		return -ERANGE;
	if (day > days_in_month(year, month))
		return -EINVAL;
	*ret = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	*ret_rest = text;
	return 0;
}

/* h:mm or hh:mm, [:ss], and nothing behind it. */
static int parse_clock(const char *text, struct tm *tm)
{
	tm->tm_hour = take_number(&text, text[0] && text[1] == ':' ? 1 : 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !take(&text, ':'))
		return -EINVAL;
	tm->tm_min = take_number(&text, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return -EINVAL;
	if (take(&text, ':')) {
		tm->tm_sec = take_number(&text, 2);
		if (tm->tm_sec < 0 || tm->tm_sec > 59)
			return -EINVAL;
	}
	return *text == '\0' ? 0 : -EINVAL;
}

/* "10:30", "today 10:30", "yesterday 16:00". */
static int parse_of_day(const char *text, struct tm tm, int64_t *ret_us)
{
	static const struct {
		const char *word;
		int days;
	} words[] = {{"today ", 0}, {"yesterday ", 1}};

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		size_t len = strlen(words[i].word);

		if (strncasecmp(text, words[i].word, len) != 0)
			continue;
		text += len;
		tm.tm_mday -= words[i].days;
		break;
	}
	tm.tm_sec = 0;
	return parse_clock(text, &tm) < 0 ? -EINVAL : from_local(tm, ret_us);
}

int ctl_time_parse(const char *text, int64_t now_us, bool end, int64_t *ret_us)
{
	time_t now_s = (time_t)(now_us / USEC_PER_SEC);
	const char *rest;
	struct tm now, tm;
	int r;

	assert(now_us >= 0);
	if (!localtime_r(&now_s, &now))
		return -ERANGE;
	if (strcasecmp(text, "now") == 0) {
		*ret_us = now_us;
		return 0;
	}
	if (strcasecmp(text, "today") == 0)
		return day_start(now, end ? 1 : 0, ret_us);
	if (strcasecmp(text, "yesterday") == 0)
		return day_start(now, end ? 0 : -1, ret_us);
	if (*text == '-')
		return parse_before(text + 1, now_us, &now, ret_us);
	r = parse_of_day(text, now, ret_us);
	if (r != -EINVAL)
		return r;

	r = parse_date(text, &tm, &rest);
	if (r < 0)
		return r;
	if (tm.tm_mday == 0) {
		tm.tm_mday = 1;
		tm.tm_mon += end ? 1 : 0;
		return from_local(tm, ret_us);
	}
	if (*rest == '\0')
		return day_start(tm, end ? 1 : 0, ret_us);
	if (*rest != ' ' && *rest != 'T')
		return -EINVAL;
	if (parse_clock(rest + 1, &tm) == 0)
		return from_local(tm, ret_us);
	return time_parse_rfc3339(text, ret_us);
}
