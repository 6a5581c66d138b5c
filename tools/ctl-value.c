/* SPDX-License-Identifier: MIT */
/* What people type for a parameter, as the JSON that its method takes. */
#include "ctl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "ctl-text.h"
#include "ctl-time.h"

#define ITEMS_MAX 64 /* of a list that is typed */

/* ---- what is pasted ---- */

/* How many bytes of blank stand at @text, which ends at @end: space, tab, line end, no-break space. */
static size_t blank_at(const char *text, const char *end)
{
	if (text < end && strchr(" \t\r\n", *text))
		return 1;
	return end - text >= 2 && memcmp(text, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

/* The same in front of @end. */
static size_t blank_before(const char *text, const char *end)
{
	if (text < end && strchr(" \t\r\n", end[-1]))
		return 1;
	return end - text >= 2 && memcmp(end - 2, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

/* What was pasted without the blanks at its ends. All of a text of several lines, and of one that is nothing but blank. */
static struct slice trimmed(const char *text)
{
	const char *p = text, *end = text + strlen(text);
	size_t n;

	while ((n = blank_at(p, end)) > 0)
		p += n;
	while ((n = blank_before(p, end)) > 0)
		end -= n;
	return p == end || memchr(p, '\n', (size_t)(end - p))
		       ? (struct slice){text, strlen(text)}
		       : (struct slice){p, (size_t)(end - p)};
}

/* ---- one of several words ---- */

/* '-', '_' and blanks are one to people; case is none. */
static bool same_letter(char a, char b)
{
	if (strchr("-_ ", a) && a)
		a = '-';
	if (strchr("-_ ", b) && b)
		b = '-';
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How many of @values begin with @text; *ret the last of them, or the one that
 * is it exactly. */
static size_t match_values(const char *values, const char *text, size_t len, struct slice *ret)
{
	size_t found = 0;

	for (const char *v = values; *v;) {
		size_t n = strcspn(v, "|"), i = 0;

		while (i < len && i < n && same_letter(v[i], text[i]))
			i++;
		if (i == len && len > 0) {
			*ret = (struct slice){v, n};
			if (n == len)
				return 1;
			found++;
		}
		v += n + (v[n] == '|');
	}
	return found;
}

struct slice ctl_whole_word(const struct db_param *param, const char *text)
{
	struct slice typed = trimmed(text), word = typed;

	if (param->values && param->type == DB_TEXT &&
	    match_values(param->values, typed.p, typed.len, &word) != 1)
		word = typed;
	return word;
}

static void add_allowed(struct buf *b, const char *values)
{
	for (const char *v = values; *v; v++) {
		if (*v == '|')
			buf_adds(b, ", ");
		else
			buf_addc(b, *v);
	}
}

static int refuse_value(const char *what, const char *text, size_t len, const char *values,
			size_t found)
{
	struct buf b = BUF_INIT(0);
	int status;

	add_allowed(&b, values);
	status = found > 1 ? ctl_fail(EXIT_USAGE,
				      "%s '%.*s' is the beginning of several; allowed: %s", what,
				      (int)len, text, b.data ? b.data : "")
			   : ctl_fail(EXIT_USAGE, "%s '%.*s' is not known; allowed: %s", what,
				      (int)len, text, b.data ? b.data : "");
	buf_done(&b);
	return status;
}

/* A text, or the whole of the allowed word that it begins. */
static int add_word(struct buf *b, const struct db_param *param, const char *what, const char *text,
		    size_t len)
{
	struct slice word;
	size_t found;

	if (!param->values) {
		json_textn(b, text, len);
		return 0;
	}
	found = match_values(param->values, text, len, &word);
	if (found != 1)
		return refuse_value(what, text, len, param->values, found);
	json_textn(b, word.p, word.len);
	return 0;
}

/* "hairline, crown": commas between, a comma inside an item as "\,". "" is the
 * empty list. */
static int add_list(struct buf *b, const struct db_param *param, const char *what, const char *text)
{
	struct buf item = BUF_INIT(LIMIT_TEXT);
	int status = 0;

	json_open(b, '[');
	for (const char *p = text; status == 0 && *p;) {
		buf_reset(&item);
		p += strspn(p, " ");
		while (*p && *p != ',') {
			if (*p == '\\' && p[1] == ',')
				p++;
			buf_addc(&item, *p++);
		}
		p += *p == ',';
		while (item.len > 0 && item.data[item.len - 1] == ' ')
			item.data[--item.len] = '\0';
		if (item.error < 0)
			status = ctl_fail(EXIT_USAGE, "an item of %s is longer than %d bytes", what,
					  LIMIT_TEXT);
		else if (item.len > 0)
			status = add_word(b, param, what, item.data, item.len);
	}
	json_close(b, ']');
	buf_done(&item);
	return status;
}

/* ---- numbers, truth, time ---- */

static int add_real(struct buf *b, const char *what, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value))
		return ctl_fail(EXIT_USAGE, "%s is a number, not '%s'", what, text);
	json_decimal(b, value, -1);
	return 0;
}

static int add_bool(struct buf *b, const char *what, const char *text)
{
	static const char *const yes[] = {"", "yes", "true", "1"}, *const no[] = {"no", "false",
										  "0"};

	for (size_t i = 0; i < ELEMENTSOF(yes); i++)
		if (strcasecmp(text, yes[i]) == 0) {
			json_bool(b, true);
			return 0;
		}
	for (size_t i = 0; i < ELEMENTSOF(no); i++)
		if (strcasecmp(text, no[i]) == 0) {
			json_bool(b, false);
			return 0;
		}
	return ctl_fail(EXIT_USAGE, "%s is yes or no, not '%s'", what, text);
}

int ctl_parse_time(const struct ctl *ctl, const char *what, const char *text, bool end,
		   int64_t *ret_us)
{
	char meant[GUESS_MAX];
	int r = ctl_time_parse(text, ctl->now_us, end, ret_us);

	if (r == 0)
		return 0;
	if (r == -ERANGE)
		return ctl_fail(EXIT_USAGE, "%s '%s' is outside the years 1970 to 9999", what,
				text);
	if (ctl_time_guess(text, ctl->now_us, false, meant))
		return ctl_fail(EXIT_USAGE, "%s '%s' is not a time; did you mean %s?", what, text,
				meant);
	return ctl_fail(EXIT_USAGE, "%s '%s' is not a time; allowed: " CTL_TIME_ALLOWED, what,
			text);
}

static int add_time(struct ctl *ctl, struct buf *b, const char *what, bool end, const char *text)
{
	int64_t at_us;
	int status = ctl_parse_time(ctl, what, text, end, &at_us);

	if (status == 0)
		json_time(b, at_us);
	return status;
}

/* The day, or with @month the month, that was meant by what is none, as " (did you mean ...?)", or "". */
static const char *meant_day(const struct ctl *ctl, const char *text, bool month,
			     char out[GUESS_MAX + 24])
{
	char meant[GUESS_MAX];

	out[0] = '\0';
	if (ctl_time_guess(text, ctl->now_us, true, meant) ||
	    (month && ctl_time_guess(text, ctl->now_us, false, meant) &&
	     strlen(meant) == strlen("2026-11")))
		snprintf(out, GUESS_MAX + 24, " (did you mean %s?)", meant);
	return out;
}

/* Exactly @n digits. */
static bool digits_at(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* A date is the clinic's day as it is written; `today` and `yesterday` are days
 * of this machine's zone. */
static int add_date(struct ctl *ctl, struct buf *b, const struct db_param *param, const char *what,
		    const char *text)
{
	bool month = param->type == DB_EXPIRY && strlen(text) == 7 && digits_at(text, 4) &&
		     text[4] == '-' && digits_at(text + 5, 2);
	bool day = strlen(text) == 10 && digits_at(text, 4) && text[4] == '-' &&
		   digits_at(text + 5, 2) && text[7] == '-' && digits_at(text + 8, 2);
	char made[16], guess[GUESS_MAX + 24];
	int64_t at_us;
	struct tm tm;
	time_t at;

	if (strcasecmp(text, "today") == 0 || strcasecmp(text, "yesterday") == 0) {
		if (ctl_time_parse(text, ctl->now_us, false, &at_us) < 0)
			return ctl_fail(EXIT_USAGE, "%s '%s' is not a date", what, text);
		at = (time_t)(at_us / USEC_PER_SEC);
		if (!localtime_r(&at, &tm) || strftime(made, sizeof(made), "%Y-%m-%d", &tm) == 0)
			return ctl_fail(EXIT_BUG, "this day has no date");
		json_text(b, made);
		return 0;
	}
	if (!day && !month)
		return ctl_fail(EXIT_USAGE,
				"%s '%s' is not a date%s; allowed: 2026-11-20%s, today, yesterday",
				what, text, meant_day(ctl, text, param->type == DB_EXPIRY, guess),
				param->type == DB_EXPIRY ? ", 2026-11 (to the end of the month)"
							 : "");
	json_text(b, text);
	return 0;
}

static int add_json(struct buf *b, const char *what, const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);
	char *line;

	if (!value)
		return ctl_fail(EXIT_USAGE, "%s is JSON, an object or array: %s (at byte %d)", what,
				error.text, error.position);
	line = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(value);
	if (!line)
		return ctl_fail_memory();
	json_raw(b, line, strlen(line));
	free(line);
	return 0;
}

static int add_value(struct ctl *ctl, struct buf *b, const struct db_param *param, const char *what,
		     const char *text)
{
	int64_t value;
	int status;

	json_key(b, param->name);
	switch (param->type) {
	case DB_INT:
		status = ctl_parse_int(what, text, param->min, param->max, &value);
		if (status == 0)
			json_int(b, value);
		return status;
	case DB_REAL:
		return add_real(b, what, text);
	case DB_BOOL:
		return add_bool(b, what, text);
	case DB_TIME:
		return add_time(ctl, b, what, streq(param->name, "until"), text);
	case DB_DATE:
	case DB_EXPIRY:
		return add_date(ctl, b, param, what, text);
	case DB_LIST:
		return add_list(b, param, what, text);
	case DB_JSON:
		return add_json(b, what, text);
	case DB_REF: /* the daemon knows names, numbers and prefixes */
		json_text(b, text);
		return 0;
	default:
		return add_word(b, param, what, text, strlen(text));
	}
}

int ctl_add_value(struct ctl *ctl, struct buf *b, const struct db_param *param, const char *what,
		  const char *text)
{
	struct slice typed = trimmed(text);
	_cleanup_(freep) char *copy = strndup(typed.p, typed.len);

	return copy ? add_value(ctl, b, param, what, copy) : ctl_fail_memory();
}
