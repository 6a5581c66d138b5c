/* SPDX-License-Identifier: MIT */
/*
 * What was probably meant by a time that is none: "last march" is 2026-03, "5.3.2026" is 2026-03-05. It is only told, never
 * taken: 5/3 is two days. Every guess is one that ctl_time_parse() takes.
 */
#include "ctl-time.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/limits.h"

#define WORDS_MAX 6 /* "on the 5th of March 2026" */

static int is_letter(int c)
{
	return isalpha(c) || c >= 0x80; /* a byte of "märz" */
}

/* The text cut into words and numbers. */
struct words {
	struct word {
		const char *text;
		int len;
		int number; /* -1: no number, or one of more than 8 digits */
	} word[WORDS_MAX];
	int n;
};

/* False: more words than any time has. */
static bool cut(const char *text, struct words *ret)
{
	ret->n = 0;
	while (*text) {
		struct word *w = &ret->word[ret->n];
		int (*kind)(int) = isdigit((unsigned char)*text) ? isdigit : is_letter;

		if (!kind((unsigned char)*text)) {
			text++;
			continue;
		}
		if (ret->n == WORDS_MAX)
			return false;
		*w = (struct word){.text = text, .number = kind == isdigit ? 0 : -1};
		for (; kind((unsigned char)*text); text++, w->len++)
			if (kind == isdigit && w->len < 8)
				w->number = w->number * 10 + (*text - '0');
		if (kind == isdigit && w->len > 8)
			w->number = -1;
		ret->n++;
	}
	return true;
}

/* Which of the @n names, which are told apart by their first three letters, the word is or begins; -1 none. */
static int name_of(const struct word *w, const char *const names[], int n)
{
	for (int i = 0; i < n; i++)
		if (w->number < 0 && w->len >= 3 && (size_t)w->len <= strlen(names[i]) &&
		    strncasecmp(w->text, names[i], (size_t)w->len) == 0)
			return i;
	return -1;
}

static bool is_word(const struct word *w, const char *name)
{
	return w->number < 0 && (size_t)w->len == strlen(name) &&
	       strncasecmp(w->text, name, (size_t)w->len) == 0;
}

/* "March", "last march", "5 March 2026", "march 5th": the newest that is over or going on. */
static bool guess_month(const struct words *w, const struct tm *now, char out[GUESS_MAX])
{
	static const char *const names[] = {"january",	 "february", "march",	 "april",
					    "may",	 "june",     "july",	 "august",
					    "september", "october",  "november", "december"};
	/* as a German desk has them, where they begin otherwise */
	static const char *const german[] = {"januar",	  "februar", "m\xc3\xa4rz", "april",
					     "mai",	  "juni",    "juli",	    "august",
					     "september", "oktober", "november",    "dezember"};
	int month = -1, day = 0, year = 0;
	bool last = false;

	for (int i = 0; i < w->n; i++) {
		const struct word *x = &w->word[i];
		int found = name_of(x, names, ELEMENTSOF(names));

		if (found < 0)
			found = name_of(x, german, ELEMENTSOF(german));
		if (found >= 0)
			month = found;
		else if (x->number > 0 && x->len == 4)
			year = x->number;
		else if (x->number > 0 && x->len <= 2)
			day = x->number;
		last = last || is_word(x, "last");
	}
	if (month < 0)
		return false;
	if (year == 0)
		year = now->tm_year + 1900 -
		       (month > now->tm_mon || (last && month == now->tm_mon));
	if (day > 0)
		snprintf(out, GUESS_MAX, "%04d-%02d-%02d", year, month + 1, day);
	else
		snprintf(out, GUESS_MAX, "%04d-%02d", year, month + 1);
	return true;
}

/* Days and months by their place in the week or year: "tomorrow", "monday", "last month". */
static bool guess_relative(const struct words *w, const struct tm *now, char out[GUESS_MAX])
{
	static const char *const names[] = {"sunday",	"monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};
	struct tm tm = *now;
	const struct word *end = &w->word[w->n - 1];
	bool last = w->n == 2 && is_word(&w->word[0], "last");
	int day = name_of(end, names, ELEMENTSOF(names));

	if (w->n > 2 || (w->n == 2 && !last))
		return false;
	tm.tm_isdst = -1;
	tm.tm_hour = 12;
	if (is_word(end, "month")) {
		tm.tm_mday = 1;
		tm.tm_mon -= last;
	} else if (day >= 0) {
		tm.tm_mday -= (now->tm_wday - day + 6) % 7 + 1;
	} else if (is_word(end, "tomorrow")) {
		tm.tm_mday++;
	} else if (last && is_word(end, "week")) {
		tm.tm_mday -= 7;
	} else {
		return false;
	}
	return mktime(&tm) != (time_t)-1 &&
	       strftime(out, GUESS_MAX, is_word(end, "month") ? "%Y-%m" : "%Y-%m-%d", &tm) > 0;
}

/* Days in numbers, in other orders and with other signs between: 2026/3/5, 5.3.2026, 3/13/26. */
static bool guess_day(const struct words *w, const struct tm *now, char out[GUESS_MAX])
{
	const struct word *x = w->word;
	int a, b, year;
	char between;

	if (w->n == 1 && x[0].len == 8 && x[0].number > 0) {
		snprintf(out, GUESS_MAX, "%.4s-%.2s-%.2s", x[0].text, x[0].text + 4, x[0].text + 6);
		return true;
	}
	if (w->n == 2 && x[0].len == 4 && x[0].number > 0 && x[1].number > 0 && x[1].len <= 2) {
		snprintf(out, GUESS_MAX, "%04d-%02d", x[0].number, x[1].number);
		return true;
	}
	if (w->n == 2 && x[1].len == 4 && x[0].number > 0 && x[1].number > 0 && x[0].len <= 2) {
		snprintf(out, GUESS_MAX, "%04d-%02d", x[1].number, x[0].number);
		return true;
	}
	if (w->n != 3 || x[0].number < 0 || x[1].number < 0 || x[2].number < 0 || x[1].len > 2)
		return false;
	if (x[0].len == 4 && x[2].len <= 2) {
		snprintf(out, GUESS_MAX, "%04d-%02d-%02d", x[0].number, x[1].number, x[2].number);
		return true;
	}
	between = x[0].text[x[0].len];
	if (x[0].len > 2 || (x[2].len != 4 && x[2].len != 2) || between == ':')
		return false;
	a = x[0].number;
	b = x[1].number;
	year = x[2].number;
	if (x[2].len == 2) /* nobody's birthday is to come */
		year += year <= now->tm_year % 100 ? 2000 : 1900;
	if (b > 12 || between == '.' || a > 12 || a == b)
		snprintf(out, GUESS_MAX, "%04d-%02d-%02d", year, b > 12 ? a : b, b > 12 ? b : a);
	else
		snprintf(out, GUESS_MAX, "%04d-%02d-%02d or %04d-%02d-%02d", year, b, a, year, a,
			 b);
	return true;
}

/* 9.30, 9h30, 9:5, 9 pm; and 2h, which is -2h. */
static bool guess_clock(const struct words *w, char out[GUESS_MAX])
{
	const struct word *end = &w->word[w->n - 1];
	bool pm = is_word(end, "pm"), half = pm || is_word(end, "am");
	int n = w->n - half, hour = w->word[0].number, minute = 0;

	if (n == 2 && end->len == 1 && strchr("mhdw", *end->text) && hour > 0) {
		snprintf(out, GUESS_MAX, "-%d%c", hour, *end->text);
		return true;
	}
	if (n == 3 && is_word(&w->word[1], "h"))
		minute = w->word[2].number;
	else if (n == 2)
		minute = w->word[1].number;
	else if (n != 1 || !half)
		return false;
	if (hour < 0 || hour > (half ? 12 : 23) || w->word[0].len > 2 || minute < 0 ||
	    minute > 59 || (half && hour == 0))
		return false;
	if (half)
		hour = hour % 12 + (pm ? 12 : 0);
	snprintf(out, GUESS_MAX, "%d:%02d", hour, minute);
	return true;
}

/* A day in another form with a clock behind it: "3.5.2026 10:00" is '2026-05-03 10:00'. */
static bool guess_with_clock(const char *text, int64_t now_us, char out[GUESS_MAX])
{
	const char *clock = strrchr(text, ' ');
	char days[GUESS_MAX], *rest;
	_cleanup_(freep) char *head = NULL;
	int64_t at;
	int n;

	if (!clock || strspn(clock + 1, "0123456789:") < strlen(clock + 1) ||
	    !strchr(clock + 1, ':') || ctl_time_parse(clock + 1, now_us, false, &at) < 0)
		return false;
	head = strndup(text, (size_t)(clock - text));
	if (!head || !ctl_time_guess(head, now_us, true, days))
		return false;
	rest = strstr(days, " or ");
	if (rest)
		*rest = '\0';
	n = snprintf(out, GUESS_MAX, "'%s%s'", days, clock);
	if (rest && n > 0 && n < GUESS_MAX)
		n += snprintf(out + n, GUESS_MAX - (size_t)n, " or '%s%s'", rest + 4, clock);
	return n > 0 && n < GUESS_MAX;
}

bool ctl_time_guess(const char *text, int64_t now_us, bool day, char out[GUESS_MAX])
{
	time_t now_s = (time_t)(now_us / USEC_PER_SEC);
	char first[GUESS_MAX];
	struct words w;
	struct tm now;
	int64_t at;
	int r;

	if (!day && guess_with_clock(text, now_us, out))
		return true;
	if (!localtime_r(&now_s, &now) || !cut(text, &w) || w.n == 0)
		return false;
	if (!guess_month(&w, &now, out) && !guess_relative(&w, &now, out) &&
	    !guess_day(&w, &now, out) && (day || !guess_clock(&w, out)))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(out, " "), out);
	r = ctl_time_parse(first, now_us, false, &at);
	if (day) /* people are born before 1970, too */
		return (r == 0 || r == -ERANGE) && strlen(first) == strlen("2026-11-20");
	return r == 0;
}
