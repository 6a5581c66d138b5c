/* SPDX-License-Identifier: MIT */
/* run: a motor run's summary and histograms, or its cycles page by page. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <math.h>

#include "base/limits.h"
#include "base/summary.h"

#define PAGE_CYCLES 10000 /* asked for at once */
#define BAR_WIDTH   40
#define BINS_SHOWN  16 /* a histogram's lines: narrow bins are joined until it fits */

/* ---- histograms ---- */

struct bins {
	int64_t first, width;
	uint64_t count[BINS_SHOWN];
	size_t n;
	uint64_t most, total;
};

/* Joins [[lower edge, count], ...] with bins of @base into at most BINS_SHOWN bins of a round
 * width. False: nothing to show. */
static bool join_bins(const json_t *pairs, int64_t base, struct bins *ret)
{
	static const int64_t steps[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
	int64_t least = INT64_MAX, greatest = INT64_MIN;
	const json_t *pair;
	size_t i, step = 0;

	*ret = (struct bins){};
	json_array_foreach(pairs, i, pair)
	{
		int64_t edge = json_integer_value(json_array_get(pair, 0));

		if (edge < 0 || edge > INT32_MAX ||
		    json_integer_value(json_array_get(pair, 1)) <= 0)
			continue;
		least = MIN(least, edge);
		greatest = MAX(greatest, edge);
	}
	if (least > greatest)
		return false;
	do {
		ret->width = base * steps[step];
		ret->first = least / ret->width * ret->width;
		ret->n = (size_t)((greatest - ret->first) / ret->width) + 1;
	} while (ret->n > BINS_SHOWN && ++step < ELEMENTSOF(steps));
	if (ret->n > BINS_SHOWN)
		return false;
	json_array_foreach(pairs, i, pair)
	{
		int64_t edge = json_integer_value(json_array_get(pair, 0));
		int64_t count = json_integer_value(json_array_get(pair, 1));

		if (edge < least || edge > greatest || count <= 0)
			continue;
		ret->count[(edge - ret->first) / ret->width] += (uint64_t)count;
	}
	for (i = 0; i < ret->n; i++) {
		ret->most = MAX(ret->most, ret->count[i]);
		ret->total += ret->count[i];
	}
	return true;
}

/* A bar of up to BAR_WIDTH characters; eighths of one where the terminal has them. */
static void print_bar(const struct ctl *ctl, double share)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	bool utf8 = ctl->utf8;
	int units = (int)lround(share * BAR_WIDTH * 8);

	if (units == 0 && share > 0)
		units = 1; /* something is there */
	for (int i = 0; i < units / 8; i++)
		fputs(utf8 ? "█" : "#", stdout);
	if (utf8)
		fputs(eighths[units % 8], stdout);
	else if (units % 8 >= 4 || units < 8)
		putchar('#');
}

/* @top: the lower edge of the last bin that there can be; it holds everything above. */
static void print_histogram(const struct ctl *ctl, const char *title, const json_t *pairs,
			    int64_t base, int64_t top)
{
	struct bins bins;

	if (!join_bins(pairs, base, &bins))
		return;
	printf("\n%s\n", title);
	for (size_t i = 0; i < bins.n; i++) {
		int64_t from = bins.first + (int64_t)i * bins.width, to = from + bins.width;
		double share = 100.0 * (double)bins.count[i] / (double)bins.total;

		if (to > top)
			printf("%6lld and up ", (long long)from);
		else
			printf("%6lld - %-6lld", (long long)from, (long long)to);
		printf(bins.count[i] > 0 && share < 0.1 ? "  <0.1 %%  " : " %5.1f %%  ", share);
		if (bins.count[i] > 0)
			print_bar(ctl, (double)bins.count[i] / (double)bins.most);
		putchar('\n');
	}
}

static void print_depth_histogram(const struct ctl *ctl, const json_t *run)
{
	const json_t *uncertainty = json_object_get(run, "depth_uncertainty_um");
	const char *source = json_string_value(json_object_get(run, "depth_source"));
	struct buf title = BUF_INIT(0);

	buf_adds(&title, "needle protrusion, um, share of cycles (from ");
	text_add_safe(&title, source ? source : "an unknown source", source ? strlen(source) : 17);
	if (json_is_integer(uncertainty))
		buf_addf(&title, ", each value within %lld um",
			 (long long)json_integer_value(uncertainty));
	else
		buf_adds(&title, ", uncertainty not stated");
	buf_adds(&title, ")");
	if (title.error == 0)
		print_histogram(ctl, title.data, json_object_get(run, "depth_hist"),
				SUMMARY_DEPTH_BIN_UM,
				(SUMMARY_DEPTH_BINS - 1) * SUMMARY_DEPTH_BIN_UM);
	buf_done(&title);
}

static void print_measurements(const json_t *list)
{
	const json_t *m;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("\nmeasured, while it ran         least       mean   greatest         sd  values\n");
	json_array_foreach(list, i, m)
	{
		const char *quantity = json_string_value(json_object_get(m, "quantity"));
		const char *unit = json_string_value(json_object_get(m, "unit"));
		struct buf name = BUF_INIT(0);

		buf_adds(&name, "  ");
		text_add_safe(&name, quantity ? quantity : "?", quantity ? strlen(quantity) : 1);
		buf_adds(&name, ", ");
		text_add_safe(&name, unit ? unit : "?", unit ? strlen(unit) : 1);
		printf("%-25s %10.0f %10.1f %10.0f %10.2f %7lld\n", name.error ? "" : name.data,
		       json_number_value(json_object_get(m, "min")),
		       json_number_value(json_object_get(m, "mean")),
		       json_number_value(json_object_get(m, "max")),
		       json_number_value(json_object_get(m, "sd")),
		       (long long)json_integer_value(json_object_get(m, "count")));
		buf_done(&name);
	}
}

static int print_summary(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	int status;

	status = ctl_params(ctl, &params);
	json_close(&params, '}');
	if (status == 0)
		status = ctl_call(ctl, ctl->verb->method, params.data, &answer);
	if (status == 0)
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	if (status == 0 && ctl->format == FORMAT_TABLE) {
		print_histogram(ctl, "frequency, Hz, share of cycles",
				json_object_get(answer.result, "freq_hist"), 1,
				SUMMARY_FREQ_BINS - 1);
		print_depth_histogram(ctl, answer.result);
		print_measurements(json_object_get(answer.result, "measurements"));
	}
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

/* ---- cycles ---- */

static json_t *item_of(const json_t *object, const char *path, size_t i)
{
	json_t *item = json_array_get(path_get(object, path), i);

	return item ? json_incref(item) : json_null();
}

static json_t *cycle_row(const json_t *result, int64_t first, size_t i)
{
	json_t *period = item_of(result, "period_us", i), *depth = item_of(result, "depth_um", i),
	       *hz;

	hz = json_integer_value(period) > 0
		     ? json_real(round(1e9 / (double)json_integer_value(period)) / 1000)
		     : json_null();
	return json_pack("{s:I,s:o,s:o,s:o}", "index", (json_int_t)(first + (int64_t)i),
			 "period_us", period, "frequency_hz", hz, "depth_um", depth);
}

static json_t *point_row(const json_t *result, size_t i)
{
	return json_pack(
		"{s:o,s:o,s:o,s:{s:o,s:o,s:o},s:{s:o,s:o,s:o}}", "index",
		item_of(result, "index", i), "count", item_of(result, "count", i), "t_us",
		item_of(result, "t_us", i), "period_us", "min", item_of(result, "period_us.min", i),
		"mean", item_of(result, "period_us.mean", i), "max",
		item_of(result, "period_us.max", i), "depth_um", "min",
		item_of(result, "depth_um.min", i), "mean", item_of(result, "depth_um.mean", i),
		"max", item_of(result, "depth_um.max", i));
}

/* What --first, --limit and --points ask for. */
struct wanted {
	int64_t first, left, points;
};

static int read_wanted(const struct ctl *ctl, struct wanted *ret)
{
	int status = 0;

	*ret = (struct wanted){.left = INT64_MAX};
	if (ctl->option[OPT_FIRST])
		status = ctl_parse_int("--first", ctl->option[OPT_FIRST], 0, LIMIT_RUN_CYCLES,
				       &ret->first);
	if (status == 0 && ctl->option[OPT_LIMIT])
		status = ctl_parse_int("--limit", ctl->option[OPT_LIMIT], 1, INT64_MAX, &ret->left);
	if (status == 0 && ctl->option[OPT_POINTS])
		status = ctl_parse_int("--points", ctl->option[OPT_POINTS], 1, LIMIT_CYCLES_POINTS,
				       &ret->points);
	return status;
}

/* One answer of run.cycles as rows. *ret_rows: how many. */
static int print_cycles_page(struct ctl *ctl, struct ctl_table *table, const struct wanted *wanted,
			     size_t *ret_rows)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	size_t rows = 0;
	int64_t first;
	int status;

	status = ctl_params(ctl, &params);
	if (wanted->points > 0)
		json_kv_int(&params, "points", wanted->points);
	json_kv_int(&params, "first", wanted->first);
	if (wanted->points == 0)
		json_kv_int(&params, "limit", MIN(wanted->left, (int64_t)PAGE_CYCLES));
	else if (wanted->left < INT64_MAX)
		json_kv_int(&params, "limit", wanted->left);
	json_close(&params, '}');
	if (status == 0)
		status = ctl_call(ctl, "run.cycles", params.data, &answer);
	if (status == 0) {
		rows = json_array_size(
			json_object_get(answer.result, wanted->points ? "index" : "period_us"));
		first = json_integer_value(json_object_get(answer.result, "first"));
	}
	for (size_t i = 0; status == 0 && i < rows; i++)
		status = table_add_made(table, wanted->points ? point_row(answer.result, i)
							      : cycle_row(answer.result, first, i));
	if (status == 0)
		status = table_flush(table);
	*ret_rows = rows;
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

static int print_cycles(struct ctl *ctl)
{
	struct ctl_table table;
	struct wanted wanted;
	bool gone = false;
	size_t rows = 0;
	int status;

	status = read_wanted(ctl, &wanted);
	if (status == 0)
		status = table_init(&table, ctl,
				    wanted.points ? ctl_point_columns : ctl_cycle_columns, false);
	if (status != 0)
		return status;
	do {
		status = print_cycles_page(ctl, &table, &wanted, &rows);
		if (status == 0)
			status = ctl_flush(&gone);
		wanted.first += (int64_t)rows;
		wanted.left -= (int64_t)rows;
	} while (status == 0 && !gone && wanted.points == 0 && rows > 0 && wanted.left > 0);
	table_done(&table);
	return status;
}

int ctl_run(struct ctl *ctl)
{
	if (ctl->option[OPT_CYCLES])
		return print_cycles(ctl);
	if (ctl->option[OPT_POINTS] || ctl->option[OPT_FIRST] || ctl->option[OPT_LIMIT])
		return ctl_fail(EXIT_USAGE, "--first, --limit and --points go with --cycles");
	return print_summary(ctl);
}
