/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/summary.h"
#include "db/sql_functions.h"
#include "db/sql_hist.h"

struct hist {
	const uint32_t *count;
	unsigned bins, width; /* width of a bin in Hz or um */
	uint64_t total;
};

static bool decode(sqlite3_context *ctx, sqlite3_value *value, struct summary *s)
{
	if (sqlite3_value_type(value) == SQLITE_NULL)
		return false;
	summary_init(s);
	if (summary_hist_decode(s, sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value)) ==
	    0)
		return true;
	sqlite3_result_error(ctx, "not a histogram", -1);
	return false;
}

static void choose(const struct summary *s, bool depth, struct hist *ret)
{
	*ret = depth ? (struct hist){s->depth_hist, SUMMARY_DEPTH_BINS, SUMMARY_DEPTH_BIN_UM, 0}
		     : (struct hist){s->freq_hist, SUMMARY_FREQ_BINS, 1, 0};
	for (unsigned i = 0; i < ret->bins; i++)
		ret->total += ret->count[i];
}

/* Arguments 0 and 1; false when the result is set already: NULL, or an error. */
static bool get(sqlite3_context *ctx, sqlite3_value **argv, struct summary *s, struct hist *ret)
{
	const char *which = (const char *)sqlite3_value_text(argv[1]);
	bool depth = which && streq(which, "depth");

	if (!depth && !(which && streq(which, "freq"))) {
		sqlite3_result_error(ctx, "a histogram is 'freq' or 'depth'", -1);
		return false;
	}
	if (!decode(ctx, argv[0], s))
		return false;
	choose(s, depth, ret);
	return ret->total > 0;
}

static bool get_number(sqlite3_value *value, double *ret)
{
	int type = sqlite3_value_numeric_type(value);

	*ret = sqlite3_value_double(value);
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void hist_count(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct summary s;
	struct hist h;

	assert(argc == 2);
	if (get(ctx, argv, &s, &h))
		sqlite3_result_int64(ctx, (sqlite3_int64)h.total);
}

static void share(sqlite3_context *ctx, sqlite3_value **argv, bool above)
{
	struct summary s;
	struct hist h;
	uint64_t n = 0;
	double limit;

	if (!get_number(argv[2], &limit) || !get(ctx, argv, &s, &h))
		return;
	for (unsigned i = 0; i < h.bins; i++) {
		/* the last bin has no upper end */
		bool counts = above ? (double)i * h.width > limit
				    : i + 1 < h.bins && (double)(i + 1) * h.width <= limit;

		n += counts ? h.count[i] : 0;
	}
	sqlite3_result_double(ctx, (double)n / (double)h.total);
}

static void hist_above(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	assert(argc == 3);
	share(ctx, argv, true);
}

static void hist_below(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	assert(argc == 3);
	share(ctx, argv, false);
}

static void hist_percentile(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct summary s;
	struct hist h;
	uint64_t n = 0;
	unsigned i;
	double p;

	assert(argc == 3);
	if (!get_number(argv[2], &p) || !get(ctx, argv, &s, &h))
		return;
	for (i = 0; i + 1 < h.bins; i++) {
		n += h.count[i];
		if ((double)n * 100 >= p * (double)h.total && n > 0)
			break;
	}
	sqlite3_result_int64(ctx, i + 1 < h.bins ? (i + 1) * h.width - 1 : i * h.width);
}

/* Where the share @p of all values is reached, within a bin by a straight line; in 0.01 of a bin.
 */
static double quantile(const struct hist *h, double p)
{
	double wanted = p * (double)h->total, n = 0;

	for (unsigned i = 0; i < h->bins; i++) {
		if (h->count[i] > 0 && n + h->count[i] >= wanted)
			return 100 * (i + (wanted - n) / h->count[i]);
		n += h->count[i];
	}
	return 100.0 * h->bins;
}

static void hist_spread(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct summary s;
	struct hist h;

	assert(argc == 1);
	if (!decode(ctx, argv[0], &s))
		return;
	choose(&s, false, &h);
	if (h.total > 0)
		sqlite3_result_int64(ctx, llround((quantile(&h, 0.84) - quantile(&h, 0.16)) / 2));
}

/* ---- aggregates ---- */

struct sum {
	struct summary all;
	bool any;
};

static void add_at(struct summary *s, uint64_t um, uint64_t cycles)
{
	uint32_t *bin =
		&s->depth_hist[MIN(um / SUMMARY_DEPTH_BIN_UM, (uint64_t)SUMMARY_DEPTH_BINS - 1)];

	*bin = (uint32_t)MIN(*bin + cycles, (uint64_t)UINT32_MAX);
}

static void hist_sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sum *sum = sqlite3_aggregate_context(ctx, sizeof(*sum));
	sqlite3_int64 um = sqlite3_value_int64(argv[1]), cycles = sqlite3_value_int64(argv[2]);
	struct summary s;

	assert(argc == 3);
	if (!sum) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (!sum->any)
		summary_init(&sum->all);
	sum->any = true;
	if (decode(ctx, argv[0], &s))
		summary_merge(&sum->all, &s);
	if (sqlite3_value_type(argv[1]) == SQLITE_INTEGER && um >= 0 && cycles > 0 &&
	    cycles <= UINT32_MAX)
		add_at(&sum->all, (uint64_t)um, (uint64_t)cycles);
}

static void hist_sum_final(sqlite3_context *ctx)
{
	struct sum *sum = sqlite3_aggregate_context(ctx, 0);
	uint8_t out[SUMMARY_ENCODED_MAX];

	if (sum && sum->any)
		sqlite3_result_blob(ctx, out, (int)summary_hist_encode(&sum->all, out),
				    SQLITE_TRANSIENT);
}

static void total_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	int64_t *sum = sqlite3_aggregate_context(ctx, sizeof(*sum)),
		x = sqlite3_value_int64(argv[0]);

	assert(argc == 1);
	if (sum && __builtin_add_overflow(*sum, x, sum))
		*sum = x < 0 ? INT64_MIN + 1 : INT64_MAX;
}

static void total_final(sqlite3_context *ctx)
{
	const int64_t *sum = sqlite3_aggregate_context(ctx, 0);

	sqlite3_result_int64(ctx, sum ? *sum : 0);
}

int hist_functions_add(sqlite3 *handle)
{
	static const struct sql_function functions[] = {
		{"hist_above", 3, hist_above, NULL, NULL},
		{"hist_below", 3, hist_below, NULL, NULL},
		{"hist_count", 2, hist_count, NULL, NULL},
		{"hist_percentile", 3, hist_percentile, NULL, NULL},
		{"hist_spread", 1, hist_spread, NULL, NULL},
		{"hist_sum", 3, NULL, hist_sum_step, hist_sum_final},
		{"total_int", 1, NULL, total_step, total_final},
	};

	return sql_functions_put(handle, functions, ELEMENTSOF(functions));
}
