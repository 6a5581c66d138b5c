/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/day.h"
#include "base/fold.h"
#include "base/summary.h"
#include "base/timefmt.h"
#include "audit_key.h"
#include "history.h"
#include "profile.h"
#include "sql_functions.h"
#include "sql_hist.h"

const char *const sql_function_names[] = {
	"day_number", "expiry_day", "fold",   "local_day",  "local_time", "median",
	"name_match", "percentile", "stddev", "stddev_pop", NULL,
};

/* ---- texts and days ---- */

/* Text without case and accents, zero-terminated; NULL without memory. Freed with sqlite3_free().
 */
static char *folded(const char *text, size_t len, size_t *ret_len)
{
	char *out = sqlite3_malloc((int)len + 1);

	if (!out)
		return NULL;
	*ret_len = text_fold(text, len, out);
	out[*ret_len] = '\0';
	return out;
}

static void fold(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]);
	size_t len = (size_t)sqlite3_value_bytes(argv[0]);
	char *out;

	assert(argc == 1);
	if (!text)
		return;
	out = folded(text, len, &len);
	if (out)
		sqlite3_result_text(ctx, out, (int)len, sqlite3_free);
	else
		sqlite3_result_error_nomem(ctx);
}

/* As match_words(), of one piece of what was typed. */
static int match_piece(const char *name, size_t len, const char *text, size_t text_len)
{
	for (size_t at = 0; at + text_len <= len; at++) {
		/* both halves of a double name count, and the Brien in O'Brien */
		if (at > 0 && !strchr(" -'", name[at - 1]))
			continue;
		if (memcmp(name + at, text, text_len) == 0)
			return at > 0 ? 3 : text_len == len ? 1 : 2;
	}
	return 0;
}

/* Whether a word of @name begins with @text, both folded: 1 all of it, 2 its beginning, 3 that of a
 * later word, or each word of @text that of some, 0 none. */
static int match_words(const char *name, size_t len, const char *text, size_t text_len)
{
	int match = match_piece(name, len, text, text_len);
	size_t words = 0;

	for (size_t at = 0; match == 0 && at < text_len;) {
		size_t size = strcspn(text + at, " ");

		if (size > 0 && !match_piece(name, len, text + at, size))
			return 0;
		words += size > 0;
		at += size + (text[at + size] == ' ');
	}
	return match == 0 && words > 0 ? 3 : match;
}

static void name_match(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *name = (const char *)sqlite3_value_text(argv[0]);
	size_t len = (size_t)sqlite3_value_bytes(argv[0]), text_len = 0;
	char room[256], *text = sqlite3_get_auxdata(ctx, 1), *own = NULL;
	int match;

	assert(argc == 2);
	if (!name || sqlite3_value_type(argv[1]) == SQLITE_NULL)
		return;
	if (text) {
		text_len = strlen(text);
	} else { /* the same for all rows */
		const char *given = (const char *)sqlite3_value_text(argv[1]);

		text = own = folded(given, (size_t)sqlite3_value_bytes(argv[1]), &text_len);
		if (!text) {
			sqlite3_result_error_nomem(ctx);
			return;
		}
	}
	if (text_len > 0 && len <= sizeof(room)) {
		match = match_words(room, text_fold(name, len, room), text, text_len);
		if (match > 0)
			sqlite3_result_int(ctx, match);
	}
	if (own)
		sqlite3_set_auxdata(ctx, 1, own, sqlite3_free);
}

static void local_day(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	assert(argc == 1);
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER)
		sqlite3_result_int(ctx, time_local_day(sqlite3_value_int64(argv[0])));
}

static void local_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	char text[TIME_TEXT_MAX];

	assert(argc == 1);
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER)
		return;
	time_format_local(sqlite3_value_int64(argv[0]), text);
	sqlite3_result_text(ctx, text, (int)strnlen(text, 16),
			    SQLITE_TRANSIENT); /* to the minute */
}

static void utc_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	char text[TIME_TEXT_MAX];

	assert(argc == 1);
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER)
		return;
	time_format_utc(sqlite3_value_int64(argv[0]), text);
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void day_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	sqlite3_int64 day = sqlite3_value_int64(argv[0]);
	char text[11];

	assert(argc == 1);
	if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER || day < 0 || day > 99999999)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)(day / 10000), (int)(day / 100 % 100),
		 (int)(day % 100));
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void expiry_day(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]);
	int32_t day;

	assert(argc == 1);
	if (text && day_parse_expiry(text, (size_t)sqlite3_value_bytes(argv[0]), &day))
		sqlite3_result_int(ctx, day);
}

static void day_number_of(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	sqlite3_int64 day = sqlite3_value_int64(argv[0]);

	assert(argc == 1);
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER && day > 0 && day <= INT32_MAX &&
	    day_valid((int32_t)day))
		sqlite3_result_int(ctx, day_number((int32_t)day));
}

/* ---- pages and histograms ---- */

/* Reads one integer up to a point or the end; false when there is none or it overflows. */
static bool cursor_number(const char **p, int64_t *ret)
{
	char *end;

	if (**p != '-' && (**p < '0' || **p > '9'))
		return false;
	errno = 0;
	*ret = strtoll(*p, &end, 10);
	if (errno || end == *p || end[-1] == '-')
		return false;
	*p = end;
	return true;
}

static void cursor_part(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *p = (const char *)sqlite3_value_text(argv[0]);
	int part = sqlite3_value_int(argv[1]), parts = sqlite3_value_int(argv[2]);
	int64_t v, wanted = 0;
	bool ok = p != NULL;

	assert(argc == 3 && part < parts);
	for (int i = 0; ok && i < parts; i++) {
		ok = cursor_number(&p, &v) && *p++ == (i + 1 < parts ? '.' : '\0');
		if (i == part)
			wanted = v;
	}
	if (ok) {
		sqlite3_result_int64(ctx, wanted);
		return;
	}
	sqlite3_result_error(
		ctx, "after: not a cursor of this list; allowed is `next` of an earlier answer",
		-1);
	sqlite3_result_error_code(
		ctx, SQLITE_MISMATCH); /* the reader tells by it that the client is to blame */
}

struct hist {
	const uint32_t *count;
	unsigned bins, width; /* width of a bin in Hz or um */
};

/* The histogram that arguments 0 and 1 name; false when the result is set already (NULL or an
 * error). */
static bool get_hist(sqlite3_context *ctx, sqlite3_value **argv, struct summary *s,
		     struct hist *ret)
{
	const char *which = (const char *)sqlite3_value_text(argv[1]);

	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return false;
	summary_init(s);
	if (summary_hist_decode(s, sqlite3_value_blob(argv[0]),
				(size_t)sqlite3_value_bytes(argv[0])) < 0) {
		sqlite3_result_error(ctx, "not a histogram", -1);
		return false;
	}
	if (which && streq(which, "freq")) {
		*ret = (struct hist){s->freq_hist, SUMMARY_FREQ_BINS, 1};
	} else if (which && streq(which, "depth")) {
		*ret = (struct hist){s->depth_hist, SUMMARY_DEPTH_BINS, SUMMARY_DEPTH_BIN_UM};
	} else {
		sqlite3_result_error(ctx, "a histogram is 'freq' or 'depth'", -1);
		return false;
	}
	return true;
}

static void hist_json(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct buf b = BUF_INIT(0);
	struct summary s;
	struct hist h;

	assert(argc == 2);
	if (!get_hist(ctx, argv, &s, &h))
		return;
	json_open(&b, '[');
	for (unsigned i = 0; i < h.bins; i++) {
		if (h.count[i] == 0)
			continue;
		json_open(&b, '[');
		json_int(&b, i * h.width);
		json_int(&b, h.count[i]);
		json_close(&b, ']');
	}
	json_close(&b, ']');
	if (b.error)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_text64(ctx, b.data, b.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	buf_done(&b);
}

static bool get_percent(sqlite3_context *ctx, sqlite3_value *value, double *ret)
{
	double p = sqlite3_value_double(value);
	int type = sqlite3_value_numeric_type(value);

	if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(p >= 0 && p <= 100)) {
		sqlite3_result_error(ctx, "a percentile is a number from 0 to 100", -1);
		return false;
	}
	*ret = p;
	return true;
}

/* ---- aggregates ---- */

struct percentile {
	double *value;
	size_t n, cap;
	double percent;
	bool have_percent;
};

static void percentile_add(sqlite3_context *ctx, sqlite3_value *value, double percent)
{
	struct percentile *a = sqlite3_aggregate_context(ctx, sizeof(*a));
	int type = sqlite3_value_numeric_type(value);

	if (!a) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (a->have_percent && a->percent != percent) {
		sqlite3_result_error(
			ctx, "percentile: its second argument must be the same for all rows", -1);
		return;
	}
	a->percent = percent;
	a->have_percent = true;
	if (type == SQLITE_NULL)
		return;
	if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
		sqlite3_result_error(ctx, "median and percentile take numbers", -1);
		return;
	}
	if (a->n == a->cap) {
		/* SQLite's own allocator, so that the limit on its memory holds here too. */
		size_t cap = a->cap ? a->cap * 2 : 256;
		double *grown = sqlite3_realloc64(a->value, cap * sizeof(*grown));

		if (!grown) {
			sqlite3_result_error_nomem(ctx);
			return;
		}
		a->value = grown;
		a->cap = cap;
	}
	a->value[a->n++] = sqlite3_value_double(value);
}

static void percentile_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	double p;

	assert(argc == 2);
	if (get_percent(ctx, argv[1], &p))
		percentile_add(ctx, argv[0], p);
}

static void median_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	assert(argc == 1);
	percentile_add(ctx, argv[0], 50);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void percentile_final(sqlite3_context *ctx)
{
	struct percentile *a = sqlite3_aggregate_context(ctx, 0);
	double at, low;
	size_t i;

	if (!a)
		return;
	if (a->n > 0) {
		qsort(a->value, a->n, sizeof(*a->value), compare_doubles);
		at = a->percent / 100 * (double)(a->n - 1);
		i = (size_t)at;
		low = a->value[i];
		if (i + 1 < a->n)
			low += (at - (double)i) * (a->value[i + 1] - low);
		sqlite3_result_double(ctx, low);
	}
	sqlite3_free(a->value);
	a->value = NULL;
}

/* Welford's way: sums of squares would lose everything for values like microseconds since 1970. */
struct deviation {
	double mean, m2;
	uint64_t n;
};

static void deviation_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct deviation *d = sqlite3_aggregate_context(ctx, sizeof(*d));
	int type = sqlite3_value_numeric_type(argv[0]);
	double x = sqlite3_value_double(argv[0]), delta;

	assert(argc == 1);
	if (!d) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (type == SQLITE_NULL)
		return;
	if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
		sqlite3_result_error(ctx, "stddev takes numbers", -1);
		return;
	}
	delta = x - d->mean;
	d->n++;
	d->mean += delta / (double)d->n;
	d->m2 += delta * (x - d->mean);
}

static void deviation_result(sqlite3_context *ctx, uint64_t less)
{
	struct deviation *d = sqlite3_aggregate_context(ctx, 0);

	if (d && d->n > less)
		sqlite3_result_double(ctx, sqrt(d->m2 / (double)(d->n - less)));
}

static void deviation_final(sqlite3_context *ctx)
{
	deviation_result(ctx, 1);
}

static void deviation_final_pop(sqlite3_context *ctx)
{
	deviation_result(ctx, 0);
}

int sql_functions_put(sqlite3 *handle, const struct sql_function *list, size_t n)
{
	int r = SQLITE_OK;

	for (size_t i = 0; i < n && r == SQLITE_OK; i++)
		r = sqlite3_create_function_v2(
			handle, list[i].name, list[i].args,
			SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
			list[i].function, list[i].step, list[i].final, NULL);
	return r;
}

int sql_functions_add(sqlite3 *handle)
{
	static const struct sql_function functions[] = {
		{"cursor_part", 3, cursor_part, NULL, NULL},
		{"day_number", 1, day_number_of, NULL, NULL},
		{"day_text", 1, day_text, NULL, NULL},
		{"expiry_day", 1, expiry_day, NULL, NULL},
		{"fold", 1, fold, NULL, NULL},
		{"hist_json", 2, hist_json, NULL, NULL},
		{"local_day", 1, local_day, NULL, NULL},
		{"local_time", 1, local_time, NULL, NULL},
		{"name_match", 2, name_match, NULL, NULL},
		{"median", 1, NULL, median_step, percentile_final},
		{"percentile", 2, NULL, percentile_step, percentile_final},
		{"stddev", 1, NULL, deviation_step, deviation_final},
		{"stddev_pop", 1, NULL, deviation_step, deviation_final_pop},
		{"utc_time", 1, utc_time, NULL, NULL},
	};
	int r = history_functions_add(handle);

	if (r == SQLITE_OK)
		r = profile_functions_add(handle);
	if (r == SQLITE_OK)
		r = audit_functions_add(handle);
	if (r == SQLITE_OK)
		r = hist_functions_add(handle);
	return r == SQLITE_OK ? sql_functions_put(handle, functions, ELEMENTSOF(functions)) : r;
}
