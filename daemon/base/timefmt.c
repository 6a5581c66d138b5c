/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "limits.h"
#include "timefmt.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define YEAR_0000_US	(INT64_C(-62167219200) * USEC_PER_SEC) /* 0000-01-01T00:00:00Z */
#define YEAR_9999_US                                                                               \
	(INT64_C(253402300799) * USEC_PER_SEC + USEC_PER_SEC -                                     \
	 1) /* 9999-12-31T23:59:59.999999Z   \
								   */

static int64_t now_us(clockid_t clock)
{
	struct timespec ts;
	int r;

	r = clock_gettime(clock, &ts);
	assert(r == 0);
	return (int64_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

int64_t now_utc_us(void)
{
	return now_us(CLOCK_REALTIME);
}

int64_t now_boot_us(void)
{
	return now_us(CLOCK_BOOTTIME);
}

/* Division that rounds down, so that times before 1970 fall into the right second and day. */
static int64_t div_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Civil calendar in years that start in March, so that the leap day is the last: 400 years are
 * 146097 days, and the first day of a month within such a year is (153 * month + 2) / 5.
 */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = div_floor(y, 400);
	int64_t in_era = y - era * 400,
		in_year = (153 * (int64_t)((month + 9) % 12) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void civil_from_days(int64_t days, unsigned *ret_year, unsigned *ret_month,
			    unsigned *ret_day)
{
	int64_t z = days + 719468, era = div_floor(z, 146097), in_era = z - era * 146097;
	int64_t years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * years + years / 4 - years / 100),
		m = (5 * in_year + 2) / 153;

	*ret_day = (unsigned)(in_year - (153 * m + 2) / 5 + 1);
	*ret_month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*ret_year = (unsigned)(years + era * 400 + (*ret_month <= 2));
}

static char *put_digits(char *p, unsigned v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

char *time_format_utc(int64_t at_us, char out[TIME_TEXT_MAX])
{
	unsigned year, month, day, second;
	int64_t seconds;
	char *p = out;

	if (at_us == TIME_UNKNOWN) {
		out[0] = '\0';
		return out;
	}
	/* RFC 3339 has four digits of year; saturated times must stay readable. */
	at_us = MAX(at_us, YEAR_0000_US);
	at_us = MIN(at_us, YEAR_9999_US);
	seconds = div_floor(at_us, USEC_PER_SEC);
	civil_from_days(div_floor(seconds, SECONDS_PER_DAY), &year, &month, &day);
	second = (unsigned)(seconds - div_floor(seconds, SECONDS_PER_DAY) * SECONDS_PER_DAY);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, second / 3600, 2);
	*p++ = ':';
	p = put_digits(p, second / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, second % 60, 2);
	*p++ = '.';
	p = put_digits(p, (unsigned)(at_us - seconds * USEC_PER_SEC), 6);
	*p++ = 'Z';
	*p = '\0';
	return out;
}

static struct tm local_tm(int64_t at_us)
{
	int64_t from = MAX(at_us, YEAR_0000_US + USEC_PER_DAY),
		at = MIN(from, YEAR_9999_US - USEC_PER_DAY);
	time_t seconds = (time_t)div_floor(at, USEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		assert(!"localtime_r fails only for years beyond int");
	return tm;
}

char *time_format_local(int64_t at_us, char out[TIME_TEXT_MAX])
{
	struct tm tm;
	long offset;

	if (at_us == TIME_UNKNOWN) {
		out[0] = '\0';
		return out;
	}
	tm = local_tm(at_us);
	offset = tm.tm_gmtoff / 60;
	snprintf(out, TIME_TEXT_MAX, "%04u-%02u-%02u %02u:%02u:%02u%c%02u:%02u",
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100, offset < 0 ? '-' : '+',
		 (unsigned)labs(offset) / 60 % 100, (unsigned)labs(offset) % 60);
	return out;
}

int32_t time_local_day(int64_t at_us)
{
	struct tm tm = local_tm(at_us);

	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* Reads exactly @n digits and then, unless @after is 0, that character. */
static bool get_digits(const char **p, int n, char after, unsigned *ret)
{
	unsigned v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (unsigned)(**p - '0');
	}
	if (after && *(*p)++ != after)
		return false;
	*ret = v;
	return true;
}

/* "Z" or "+hh:mm" up to the end of the text, in seconds east of UTC. */
static bool get_offset(const char *p, int64_t *ret_seconds)
{
	unsigned hour, minute;
	int sign;

	if ((*p == 'Z' || *p == 'z') && p[1] == '\0') {
		*ret_seconds = 0;
		return true;
	}
	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '-' ? -1 : 1;
	if (!get_digits(&p, 2, ':', &hour) || !get_digits(&p, 2, 0, &minute) || *p || hour > 23 ||
	    minute > 59)
		return false;
	*ret_seconds = sign * (int64_t)(hour * 3600 + minute * 60);
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int time_parse_rfc3339(const char *text, int64_t *ret_us)
{
	unsigned year, month, day, hour, minute, second, micros = 0;
	const char *p = text;
	int64_t offset, seconds, at;

	if (!get_digits(&p, 4, '-', &year) || !get_digits(&p, 2, '-', &month) ||
	    !get_digits(&p, 2, 0, &day))
		return -EINVAL;
	if (*p != 'T' && *p != 't' && *p != ' ')
		return -EINVAL;
	p++;
	if (!get_digits(&p, 2, ':', &hour) || !get_digits(&p, 2, ':', &minute) ||
	    !get_digits(&p, 2, 0, &second))
		return -EINVAL;
	if (*p == '.') {
		unsigned scale = 100000;

		if (!isdigit((unsigned char)*++p))
			return -EINVAL;
		for (; isdigit((unsigned char)*p); p++, scale /= 10)
			micros += (unsigned)(*p - '0') * scale;
	}
	if (!get_offset(p, &offset) || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60)
		return -EINVAL;
	seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 +
		  second - offset;
	/* A leap second is the last of a UTC day, and UTC microseconds have no place for it but the
	 * next day's start. */
	if (second == 60 && seconds % SECONDS_PER_DAY != 0)
		return -EINVAL;
	at = seconds * USEC_PER_SEC + micros;
	if (at < 0 || at > YEAR_9999_US)
		return -EINVAL;
	*ret_us = at;
	return 0;
}

bool time_zone_is_name(const char *zone)
{
	static const char others[] = "_+-/";

	for (const char *c = zone; *c; c++)
		if (!isalnum((unsigned char)*c) && (c == zone || !strchr(others, *c)))
			return false;
	return *zone && strlen(zone) < TIME_ZONE_MAX;
}

bool time_zone_valid(const char *zone)
{
	_cleanup_(closep) int fd = -EBADF;
	char path[PATH_MAX], magic[4];

	if (streq(zone, "UTC"))
		return true;
	if (!time_zone_is_name(zone))
		return false;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	return read(fd, magic, sizeof(magic)) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
}
