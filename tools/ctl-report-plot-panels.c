/* SPDX-License-Identifier: MIT */
/* The panels of depth and frequency. */
#include "ctl-report-plot-parts.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"

#define TICKS 5 /* of an axis, at most */

void plot_draw_pauses(struct plot *p)
{
	const json_t *pause;
	size_t i;

	json_array_foreach(json_object_get(p->r->root, "pauses"), i, pause)
	{
		double x, width;

		plot_place(p, pause, &x, &width);
		svg_box(&p->b, x, p->top, width, p->bottom - p->top,
			"fill=\"url(#hatch)\" stroke=\"none\"");
	}
}

void plot_draw_clock(struct plot *p)
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
		    strftime(text, sizeof(text), step < 60 ? "%H:%M:%S" : "%H:%M", &tm) == 0)
			continue;
		svg_line(&p->b, x, p->top, x, p->bottom + 3, "stroke=\"#bbb\" stroke-width=\".4\"");
		svg_text(&p->b, x, p->bottom + 12, PLOT_SMALL, SVG_MIDDLE, text);
	}
}

/* Grey from the least to the greatest, black the mean, each column by itself; the mean goes on from
 * column to column without a gap. */
static void draw_cells(struct plot *p, const struct plot_cell *cells, const struct svg_scale *y)
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

static double greatest(const struct plot *p, const struct plot_cell *cells, const char *unit)
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

void plot_draw_depth(struct plot *p, double top)
{
	double most = greatest(p, p->depth, "um"), step = svg_step(0, most, TICKS);
	struct svg_scale y = {0, most > 0 ? (floor(most / step) + 1) * step : 1000,
			      top + PLOT_DEPTH_PANEL, top};

	draw_axis(p, &y, "protrusion, \xc2\xb5m");
	draw_cells(p, p->depth, &y);
	draw_limits(p, &y, "um");
	draw_uncertainty(p, &y);
	frame(p, top, PLOT_DEPTH_PANEL);
	if (most <= 0)
		svg_text(&p->b, (PLOT_LEFT + PLOT_WIDTH - PLOT_RIGHT) / 2,
			 top + PLOT_DEPTH_PANEL / 2, 10, SVG_MIDDLE, "no depth from the pen");
}

/* Where most cycles are: starts and stops of the motor, which pass through every frequency, are cut
 * off at the edge. */
void plot_draw_frequency(struct plot *p, double top)
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
			       (floor(most / step) + 1) * step, top + PLOT_FREQ_PANEL, top};
	draw_axis(p, &y, "frequency, Hz");
	draw_cells(p, p->freq, &y);
	draw_limits(p, &y, "Hz");
	frame(p, top, PLOT_FREQ_PANEL);
}
