/* SPDX-License-Identifier: MIT */
#include "ctl-report-plot.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"
#include "ctl-svg.h"

/* Of the drawing, in its units; it is as wide as the page. */
#define STRIP	    15.0 /* a line of zones, of a pen */
#define STRIPS_MAX  8	 /* pens that get a line of their own */
#define DEPTH_PANEL 150.0
#define FREQ_PANEL  100.0
#define GAP	    14.0
#define NEAR	    20.0 /* cartridges that have one label */
#define TICKS	    5
#define DAY_FORM    "%H:%M"

struct cell {
	double sum, count, least, most; /* count 0: nothing */
};

struct plot {
	struct report *r;
	struct buf b;
	int64_t from_us, to_us;
	struct cell depth[PLOT_COLUMNS], freq[PLOT_COLUMNS];
	bool busy[PLOT_COLUMNS]; /* the motor was on */
	struct svg_scale time;
	double top, bottom; /* of the panels */
	const char *pens[STRIPS_MAX];
	size_t n_pens;
};

/* ---- what is drawn ---- */

static void cell_add(struct cell *c, double least, double mean, double most, double count)
{
	if (!(count > 0) || !isfinite(least) || !isfinite(mean) || !isfinite(most))
		return;
	c->least = c->count > 0 ? fmin(c->least, least) : least;
	c->most = c->count > 0 ? fmax(c->most, most) : most;
	c->sum += mean * count;
	c->count += count;
}

static size_t column_of(const struct plot *p, int64_t at_us)
{
	double share = (double)(at_us - p->from_us) / (double)(p->to_us - p->from_us);

	return (size_t)fmin(fmax(share * PLOT_COLUMNS, 0), PLOT_COLUMNS - 1);
}

static double value_at(const json_t *points, const char *quantity, const char *which, size_t i)
{
	const json_t *v =
		json_array_get(json_object_get(json_object_get(points, quantity), which), i);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* One point of a run's cycles. A frequency is one over a period: the longest period is the lowest.
 */
static void add_point(struct plot *p, const json_t *points, size_t i, int64_t at_us)
{
	double count = json_number_value(json_array_get(json_object_get(points, "count"), i));
	size_t column = column_of(p, at_us);

	cell_add(&p->depth[column], value_at(points, "depth_um", "min", i),
		 value_at(points, "depth_um", "mean", i), value_at(points, "depth_um", "max", i),
		 count);
	cell_add(&p->freq[column], 1e6 / value_at(points, "period_us", "max", i),
		 1e6 / value_at(points, "period_us", "mean", i),
		 1e6 / value_at(points, "period_us", "min", i), count);
}

/* When a run began and ended; false when it is not known. */
static bool span_of(const json_t *run, int64_t *ret_from, int64_t *ret_to)
{
	if (report_time(report_text(run, "start"), ret_from) < 0)
		return false;
	if (report_time(report_text(run, "end"), ret_to) < 0)
		*ret_to = *ret_from + (int64_t)(report_real(run, "on_time_s") * 1e6);
	return *ret_to >= *ret_from;
}

static int add_run(struct plot *p, const json_t *run)
{
	_cleanup_(buf_done) struct buf params = BUF_INIT(0);
	struct ctl_answer answer = {};
	int64_t from, to, share;
	const json_t *t;
	size_t i;
	int status;

	if (!span_of(run, &from, &to) || report_int(run, "cycles") == 0)
		return 0;
	for (size_t c = column_of(p, from); c <= column_of(p, to); c++)
		p->busy[c] = true;
	/* two a column, so that none is left out */
	share = (int64_t)ceil((double)(to - from) / (double)(p->to_us - p->from_us) * 2 *
			      PLOT_COLUMNS);
	json_open(&params, '{');
	json_kv_int(&params, "run", report_int(run, "run"));
	json_kv_int(&params, "points", MIN(MAX(share, INT64_C(2)), INT64_C(2) * PLOT_COLUMNS));
	json_close(&params, '}');
	status = params.error < 0 ? ctl_fail_memory()
				  : ctl_call(p->r->ctl, "run.cycles", params.data, &answer);
	if (status != 0)
		return status;
	json_array_foreach(json_object_get(answer.result, "t_us"), i, t)
	{
		if (json_is_integer(t))
			add_point(p, answer.result, i, from + json_integer_value(t));
	}
	ctl_answer_done(&answer);
	return 0;
}

/* From the first to the last of the session and of its runs. False: it took no time. */
static bool find_span(struct plot *p)
{
	const json_t *run;
	int64_t from, to;
	size_t i;

	if (report_time(report_text(p->r->root, "start"), &p->from_us) < 0)
		return false;
	if (report_time(report_text(p->r->root, "end"), &p->to_us) < 0)
		p->to_us = p->from_us;
	json_array_foreach(json_object_get(p->r->root, "runs"), i, run)
	{
		if (!span_of(run, &from, &to))
			continue;
		p->from_us = MIN(p->from_us, from);
		p->to_us = MAX(p->to_us, to);
	}
	return p->to_us > p->from_us;
}

/* ---- strips: zones, pens ---- */

/* Where a span of the record lies on paper; one that lasts ends at the edge. */
static void place(const struct plot *p, const json_t *span, double *ret_x, double *ret_width)
{
	int64_t from = p->from_us, to = p->to_us;

	(void)report_time(report_text(span, "from"), &from);
	(void)report_time(report_text(span, "to"), &to);
	*ret_x = svg_within(&p->time, (double)from);
	*ret_width = svg_within(&p->time, (double)to) - *ret_x;
}

static void strip_name(struct plot *p, double y, const char *name)
{
	svg_text(&p->b, PLOT_LEFT - 4, y + STRIP - 4.5, PLOT_SMALL, SVG_END, name);
}

/* Zones beside each other in turn white and grey, so that they part without colour. */
static void draw_zones(struct plot *p, double y)
{
	const json_t *zone;
	size_t i;

	strip_name(p, y, "zone");
	json_array_foreach(json_object_get(p->r->root, "segments"), i, zone)
	{
		struct buf words = BUF_INIT(0);
		double x, width;

		place(p, zone, &x, &width);
		svg_box(&p->b, x, y + 1, width, STRIP - 2,
			i % 2 ? "fill=\"#ddd\" stroke=\"#000\" stroke-width=\".5\""
			      : "fill=\"#fff\" stroke=\"#000\" stroke-width=\".5\"");
		report_add_words(&words, report_text(zone, "zone"));
		svg_label(&p->b, x + 3, y + STRIP - 4.5, PLOT_SMALL, width - 5,
			  words.data ? words.data : "");
		buf_done(&words);
	}
}

/* The strip of a pen, a new one for a pen not seen before; STRIPS_MAX - 1 for all that are too
 * many. */
static size_t strip_of(struct plot *p, const char *pen)
{
	size_t i;

	for (i = 0; i < p->n_pens; i++)
		if (streq(p->pens[i], pen))
			return i;
	if (p->n_pens < STRIPS_MAX)
		p->pens[p->n_pens++] = pen;
	return p->n_pens - 1;
}

static void draw_pens(struct plot *p, double y)
{
	const json_t *pen;
	size_t i;

	if (p->n_pens > 0)
		strip_name(p, y, p->n_pens > 1 ? "pens" : "pen");
	json_array_foreach(json_object_get(p->r->root, "pens"), i, pen)
	{
		const char *serial = report_text(pen, "pen");
		double x, width, at = y + STRIP * (double)strip_of(p, serial ? serial : "?");

		place(p, pen, &x, &width);
		svg_box(&p->b, x, at + 1, width, STRIP - 2,
			"fill=\"#fff\" stroke=\"#000\" stroke-width=\".5\"");
		svg_label(&p->b, x + 3, at + STRIP - 4.5, PLOT_SMALL, width - 5,
			  serial ? serial : "?");
	}
}

static void draw_triangle(struct buf *b, double x, double y)
{
	buf_adds(b, "<path d=\"M");
	svg_number(b, x - 3.5);
	buf_addc(b, ' ');
	svg_number(b, y + 4);
	buf_adds(b, "h7l-3.5 7z\"/>\n");
}

/* Where the @i-th thing used was put into a pen; false when it is no cartridge, or of another time.
 */
static bool place_cartridge(const struct plot *p, size_t i, double *ret_x)
{
	const json_t *use = json_array_get(json_object_get(p->r->root, "uses"), i);
	const char *category = report_text(use, "category");
	int64_t at;

	if ((category && !streq(category, "cartridge")) ||
	    report_time(report_text(use, "at"), &at) < 0 || at < p->from_us || at > p->to_us)
		return false;
	*ret_x = svg_at(&p->time, (double)at);
	return true;
}

/* A triangle where a cartridge was put in, with its line in the table of what was used, and a
 * dotted line through the panels. Numbers of those too near each other stand behind the last of
 * them. */
static void draw_cartridges(struct plot *p, double y)
{
	size_t n = json_array_size(json_object_get(p->r->root, "uses"));
	struct buf numbers = BUF_INIT(0);
	double x, last = -1e9;

	strip_name(p, y, "cartridge");
	for (size_t i = 0; i < n; i++) {
		if (!place_cartridge(p, i, &x))
			continue;
		if (numbers.len > 0 && x - last > NEAR) {
			svg_text(&p->b, last + 5, y + STRIP - 4.5, PLOT_SMALL, SVG_START,
				 numbers.data);
			buf_reset(&numbers);
		}
		svg_line(&p->b, x, y + STRIP - 3, x, p->bottom,
			 "stroke=\"#000\" stroke-width=\".6\" stroke-dasharray=\"1 2\"");
		draw_triangle(&p->b, x, y);
		buf_addf(&numbers, numbers.len > 0 ? ", %zu" : "%zu", i + 1);
		last = x;
	}
	if (numbers.len > 0)
		svg_text(&p->b, last + 5, y + STRIP - 4.5, PLOT_SMALL, SVG_START, numbers.data);
	buf_done(&numbers);
}

/* Findings with a time, numbered as in their table. */
static void draw_findings(struct plot *p, double y)
{
	const json_t *finding;
	double last = PLOT_LEFT - 8;
	size_t i;

	strip_name(p, y, "finding");
	json_array_foreach(p->r->findings, i, finding)
	{
		int64_t at;
		char number[24];
		double x;

		if (report_time(report_text(finding, "at"), &at) < 0 || at < p->from_us ||
		    at > p->to_us)
			continue;
		x = fmax(svg_at(&p->time, (double)at),
			 last + 15); /* beside each other when they are of one moment */
		if (x > PLOT_WIDTH - 8)
			continue;
		buf_adds(&p->b, "<circle cx=\"");
		svg_number(&p->b, x);
		buf_adds(&p->b, "\" cy=\"");
		svg_number(&p->b, y + STRIP / 2);
		buf_adds(&p->b, "\" r=\"6.5\" fill=\"#000\"/>\n<g fill=\"#fff\">");
		snprintf(number, sizeof(number), "%zu", i + 1);
		svg_text(&p->b, x, y + STRIP / 2 + 3, PLOT_SMALL, SVG_MIDDLE, number);
		buf_adds(&p->b, "</g>\n");
		last = x;
	}
}

/* ---- panels ---- */

static void draw_pauses(struct plot *p)
{
	const json_t *pause;
	size_t i;

	json_array_foreach(json_object_get(p->r->root, "pauses"), i, pause)
	{
		double x, width;

		place(p, pause, &x, &width);
		svg_box(&p->b, x, p->top, width, p->bottom - p->top,
			"fill=\"url(#hatch)\" stroke=\"none\"");
	}
}

static void draw_clock(struct plot *p)
{
	int step = svg_clock_step((double)(p->to_us - p->from_us) / 1e6, 10);
	time_t at = (time_t)(p->from_us / USEC_PER_SEC);
	int64_t seconds;
	struct tm tm;

	if (!localtime_r(&at, &tm))
		return;
	/* whole steps of the clock on the wall */
	seconds = p->from_us / USEC_PER_SEC + tm.tm_gmtoff;
	seconds = (seconds + step - 1) / step * step - tm.tm_gmtoff;
	for (; seconds * USEC_PER_SEC <= p->to_us; seconds += step) {
		double x = svg_at(&p->time, (double)seconds * 1e6);
		char text[16];

		at = (time_t)seconds;
		if (x < PLOT_LEFT || !localtime_r(&at, &tm) ||
		    strftime(text, sizeof(text), step < 60 ? "%H:%M:%S" : DAY_FORM, &tm) == 0)
			continue;
		svg_line(&p->b, x, p->top, x, p->bottom + 3, "stroke=\"#bbb\" stroke-width=\".4\"");
		svg_text(&p->b, x, p->bottom + 12, PLOT_SMALL, SVG_MIDDLE, text);
	}
}

/* Grey from the least to the greatest, black the mean, each column by itself; the mean goes on from
 * column to column without a gap. */
static void draw_cells(struct plot *p, const struct cell *cells, const struct svg_scale *y)
{
	double width = (PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT) / PLOT_COLUMNS;
	bool on = false;

	buf_adds(&p->b, "<path fill=\"none\" stroke=\"#aaa\" stroke-width=\"");
	svg_number(&p->b, width * 1.05);
	buf_adds(&p->b, "\" d=\"");
	for (size_t i = 0; i < PLOT_COLUMNS; i++) {
		if (cells[i].count == 0)
			continue;
		buf_addc(&p->b, 'M');
		svg_number(&p->b, PLOT_LEFT + ((double)i + .5) * width);
		buf_addc(&p->b, ' ');
		svg_number(&p->b, svg_within(y, cells[i].least) + .25);
		buf_addc(&p->b, 'V');
		svg_number(&p->b, svg_within(y, cells[i].most) - .25);
	}
	buf_adds(&p->b, "\"/>\n<path fill=\"none\" stroke=\"#000\" stroke-width=\"1.1\" d=\"");
	for (size_t i = 0; i < PLOT_COLUMNS; i++) {
		if (cells[i].count > 0) {
			double at = svg_within(y, cells[i].sum / cells[i].count);

			buf_addc(&p->b, on ? 'L' : 'M');
			svg_number(&p->b, PLOT_LEFT + (double)i * width);
			buf_addc(&p->b, ' ');
			svg_number(&p->b, at);
			buf_addc(&p->b, 'h');
			svg_number(&p->b, width);
		}
		on = cells[i].count > 0;
	}
	buf_adds(&p->b, "\"/>\n");
}

/* Numbers and lines of an axis. */
static void draw_axis(struct plot *p, const struct svg_scale *y, const char *name)
{
	double step = svg_step(y->from, y->to, TICKS);
	char text[32];

	for (double v = ceil(y->from / step) * step; v <= y->to * (1 + 1e-9); v += step) {
		svg_line(&p->b, PLOT_LEFT, svg_at(y, v), PLOT_WIDTH - PLOT_RIGHT, svg_at(y, v),
			 "stroke=\"#bbb\" stroke-width=\".4\"");
		snprintf(text, sizeof(text), "%g", v);
		svg_text(&p->b, PLOT_LEFT - 4, svg_at(y, v) + 3, PLOT_SMALL, SVG_END, text);
	}
	buf_adds(&p->b, "<g transform=\"translate(10 ");
	svg_number(&p->b, (y->a + y->b) / 2);
	buf_adds(&p->b, ") rotate(-90)\">");
	svg_text(&p->b, 0, 0, PLOT_SMALL, SVG_MIDDLE, name);
	buf_adds(&p->b, "</g>\n");
}

/* The profile's limits of this unit, over what was measured. */
static void draw_limits(struct plot *p, const struct svg_scale *y, const char *unit)
{
	double last = -1e9;
	const json_t *limit;
	size_t i;

	json_array_foreach(p->r->limits, i, limit)
	{
		double value = report_real(limit, "value"), at = svg_at(y, value);

		if (!report_is(limit, "unit", unit) || value < y->from || value > y->to)
			continue;
		svg_line(&p->b, PLOT_LEFT, at, PLOT_WIDTH - PLOT_RIGHT, at,
			 "stroke=\"#000\" stroke-width=\".9\" stroke-dasharray=\"6 3\"");
		if (fabs(at - last) > PLOT_SMALL + 1) { /* else the one before says it for both */
			svg_box(&p->b, PLOT_LEFT + 1, at - PLOT_SMALL - 1.5,
				4.9 * (double)strlen(report_text(limit, "label")) + 2,
				PLOT_SMALL + 1, "fill=\"#fff\"");
			svg_text(&p->b, PLOT_LEFT + 3, at - 2.5, PLOT_SMALL, SVG_START,
				 report_text(limit, "label"));
		}
		last = at;
	}
}

static void frame(struct plot *p, double top, double height)
{
	svg_box(&p->b, PLOT_LEFT, top, PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT, height,
		"fill=\"none\" stroke=\"#000\" stroke-width=\".6\"");
}

/* The largest uncertainty that a run's pen states; 0: none does. */
static double uncertainty_of(const json_t *runs)
{
	double most = 0;
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		if (report_int(run, "depth_count") > 0)
			most = fmax(most, report_real(run, "depth_uncertainty_um"));
	}
	return most;
}

/* How far each value may be off, as a bar in the margin. */
static void draw_uncertainty(struct plot *p, const struct svg_scale *y)
{
	double um = uncertainty_of(json_object_get(p->r->root, "runs")),
	       x = PLOT_WIDTH - PLOT_RIGHT + 8, middle = (y->a + y->b) / 2,
	       half = fabs(svg_at(y, um) - svg_at(y, 0));
	char text[48];

	if (um <= 0)
		return;
	svg_line(&p->b, x, middle - half, x, middle + half, "stroke=\"#000\" stroke-width=\".9\"");
	svg_line(&p->b, x - 3, middle - half, x + 3, middle - half,
		 "stroke=\"#000\" stroke-width=\".9\"");
	svg_line(&p->b, x - 3, middle + half, x + 3, middle + half,
		 "stroke=\"#000\" stroke-width=\".9\"");
	snprintf(text, sizeof(text), "\xc2\xb1%g \xc2\xb5m", um);
	svg_text(&p->b, PLOT_WIDTH, middle - half - 5, PLOT_SMALL, SVG_END, text);
}

static double greatest(const struct plot *p, const struct cell *cells, const char *unit)
{
	double most = 0, all;
	const json_t *limit;
	size_t i;

	for (i = 0; i < PLOT_COLUMNS; i++)
		most = cells[i].count > 0 ? fmax(most, cells[i].most) : most;
	all = most;
	/* a limit that is near enough is shown */
	json_array_foreach(p->r->limits, i, limit)
	{
		double value = report_real(limit, "value");

		if (report_is(limit, "unit", unit) && value < most * PLOT_REACH)
			all = fmax(all, value);
	}
	return all;
}

static void draw_depth(struct plot *p, double top)
{
	double most = greatest(p, p->depth, "um"), step = svg_step(0, most, TICKS);
	struct svg_scale y = {0, most > 0 ? (floor(most / step) + 1) * step : 1000,
			      top + DEPTH_PANEL, top};

	draw_axis(p, &y, "protrusion, \xc2\xb5m");
	draw_cells(p, p->depth, &y);
	draw_limits(p, &y, "um");
	draw_uncertainty(p, &y);
	frame(p, top, DEPTH_PANEL);
	if (most <= 0)
		svg_text(&p->b, (PLOT_LEFT + PLOT_WIDTH - PLOT_RIGHT) / 2, top + DEPTH_PANEL / 2,
			 10, SVG_MIDDLE, "no depth from the pen");
}

/* Where most cycles are: starts and stops of the motor, which pass through every frequency, are cut
 * off at the edge. */
static void draw_frequency(struct plot *p, double top)
{
	const json_t *hist = json_object_get(p->r->root, "freq_hist"), *limit;
	double least = (double)report_hist_percentile(hist, .005),
	       most = (double)report_hist_percentile(hist, .995) + 1, step;
	struct svg_scale y;
	size_t i;

	json_array_foreach(p->r->limits, i, limit)
	{
		double value = report_real(limit, "value");

		if (!report_is(limit, "unit", "Hz"))
			continue;
		least = value > least * .7 ? fmin(least, value) : least;
		most = value < most * 1.3 ? fmax(most, value) : most;
	}
	step = svg_step(least, most, TICKS);
	y = (struct svg_scale){fmax(ceil(least / step) - 1, 0) * step,
			       (floor(most / step) + 1) * step, top + FREQ_PANEL, top};
	draw_axis(p, &y, "frequency, Hz");
	draw_cells(p, p->freq, &y);
	draw_limits(p, &y, "Hz");
	frame(p, top, FREQ_PANEL);
}

/* Black where the motor was on. */
static void draw_motor(struct plot *p, double y)
{
	double width = (PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT) / PLOT_COLUMNS;

	strip_name(p, y, "motor");
	for (size_t i = 0; i < PLOT_COLUMNS;) {
		size_t end = i;

		while (end < PLOT_COLUMNS && p->busy[end])
			end++;
		if (end > i)
			svg_box(&p->b, PLOT_LEFT + (double)i * width, y + 4,
				(double)(end - i) * width, STRIP - 8, "fill=\"#000\"");
		i = end + 1;
	}
}

/* ---- all of it ---- */

/* The drawing in words, for those who do not see it: each quantity from least to greatest. */
static void describe(const struct plot *p, struct buf *b)
{
	static const char *const names[] = {"Protrusion", "Frequency"}, *const units[] = {
										"\xc2\xb5m", "Hz"};
	const struct cell *const all[] = {p->depth, p->freq};

	for (size_t k = 0; k < ELEMENTSOF(all); k++) {
		struct cell sum = {};

		for (size_t i = 0; i < PLOT_COLUMNS; i++)
			if (all[k][i].count > 0)
				cell_add(&sum, all[k][i].least, all[k][i].sum / all[k][i].count,
					 all[k][i].most, all[k][i].count);
		if (sum.count > 0)
			buf_addf(b, "%s %.0f to %.0f %s, mean %.0f %s. ", names[k], sum.least,
				 sum.most, units[k], sum.sum / sum.count, units[k]);
		else
			buf_addf(b, "%s: none. ", names[k]);
	}
	buf_adds(b, "The tables above have the figures.");
}

static void draw(struct plot *p)
{
	bool zones = json_array_size(json_object_get(p->r->root, "segments")) > 0,
	     findings = json_array_size(p->r->findings) > 0;
	struct buf words = BUF_INIT(0);
	char axis[96];
	double y = 2, strips;
	const json_t *pen;
	size_t i;

	json_array_foreach(json_object_get(p->r->root, "pens"), i, pen)
	{
		(void)strip_of(p, report_text(pen, "pen") ? report_text(pen, "pen") : "?");
	}
	strips = STRIP * ((findings ? 1 : 0) + (zones ? 1 : 0) + (double)p->n_pens + 2);
	p->top = y + strips + 8;
	p->bottom = p->top + DEPTH_PANEL + GAP + FREQ_PANEL;
	p->time = (struct svg_scale){(double)p->from_us, (double)p->to_us, PLOT_LEFT,
				     PLOT_WIDTH - PLOT_RIGHT};
	snprintf(axis, sizeof(axis), "time of day, %s", p->r->zone);
	describe(p, &words);
	svg_begin(&p->b, PLOT_WIDTH, p->bottom + 28,
		  "Needle protrusion and frequency over the session", words.data ? words.data : "");
	buf_done(&words);
	svg_hatch(&p->b);
	draw_pauses(p);
	draw_clock(p);
	if (findings) {
		draw_findings(p, y);
		y += STRIP;
	}
	if (zones) {
		draw_zones(p, y);
		y += STRIP;
	}
	draw_pens(p, y);
	y += STRIP * (double)p->n_pens;
	draw_cartridges(p, y);
	draw_motor(p, y + STRIP);
	draw_depth(p, p->top);
	draw_frequency(p, p->top + DEPTH_PANEL + GAP);
	svg_text(&p->b, (PLOT_LEFT + PLOT_WIDTH - PLOT_RIGHT) / 2, p->bottom + 24, PLOT_SMALL,
		 SVG_MIDDLE, axis);
	svg_end(&p->b);
}

int plot_session(struct report *r, char **ret)
{
	const json_t *runs = json_object_get(r->root, "runs"), *run;
	struct plot *p;
	size_t i;
	int status = 0;

	*ret = NULL;
	if (json_array_size(runs) == 0)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return ctl_fail_memory();
	p->r = r;
	p->b = BUF_INIT(0);
	if (find_span(p)) {
		json_array_foreach(runs, i, run)
		{
			if (status == 0)
				status = add_run(p, run);
		}
		if (status == 0) {
			draw(p);
			*ret = buf_take(&p->b);
			status = *ret ? 0 : ctl_fail_memory();
		}
	}
	buf_done(&p->b);
	free(p);
	return status;
}
