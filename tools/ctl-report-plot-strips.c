/* SPDX-License-Identifier: MIT */
/* The strips above the panels. */
#include "ctl-report-plot-parts.h"

#include <math.h>
#include <stdio.h>

#define NEAR 20.0 /* cartridges that have one label */

static void strip_name(struct plot *p, double y, const char *name)
{
	svg_text(&p->b, PLOT_LEFT - 4, y + PLOT_STRIP - 4.5, PLOT_SMALL, SVG_END, name);
}

/* Findings with a time, numbered as in their table. */
void plot_draw_findings(struct plot *p, double y)
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
		svg_number(&p->b, y + PLOT_STRIP / 2);
		buf_adds(&p->b, "\" r=\"6.5\" fill=\"#000\"/>\n<g fill=\"#fff\">");
		snprintf(number, sizeof(number), "%zu", i + 1);
		svg_text(&p->b, x, y + PLOT_STRIP / 2 + 3, PLOT_SMALL, SVG_MIDDLE, number);
		buf_adds(&p->b, "</g>\n");
		last = x;
	}
}

/* Zones beside each other in turn white and grey, so that they part without colour. */
void plot_draw_zones(struct plot *p, double y)
{
	const json_t *zone;
	size_t i;

	strip_name(p, y, "zone");
	json_array_foreach(json_object_get(p->r->root, "segments"), i, zone)
	{
		struct buf words = BUF_INIT(0);
		double x, width;

		plot_place(p, zone, &x, &width);
		svg_box(&p->b, x, y + 1, width, PLOT_STRIP - 2,
			i % 2 ? "fill=\"#ddd\" stroke=\"#000\" stroke-width=\".5\""
			      : "fill=\"#fff\" stroke=\"#000\" stroke-width=\".5\"");
		report_add_words(&words, report_text(zone, "zone"));
		svg_label(&p->b, x + 3, y + PLOT_STRIP - 4.5, PLOT_SMALL, width - 5,
			  words.data ? words.data : "");
		buf_done(&words);
	}
}

size_t plot_strip_of(struct plot *p, const char *pen)
{
	size_t i;

	for (i = 0; i < p->n_pens; i++)
		if (streq(p->pens[i], pen))
			return i;
	if (p->n_pens < PLOT_STRIPS_MAX)
		p->pens[p->n_pens++] = pen;
	return p->n_pens - 1;
}

void plot_draw_pens(struct plot *p, double y)
{
	const json_t *pen;
	size_t i;

	if (p->n_pens > 0)
		strip_name(p, y, p->n_pens > 1 ? "pens" : "pen");
	json_array_foreach(json_object_get(p->r->root, "pens"), i, pen)
	{
		const char *serial = report_text(pen, "pen");
		double x, width,
			at = y + PLOT_STRIP * (double)plot_strip_of(p, serial ? serial : "?");

		plot_place(p, pen, &x, &width);
		svg_box(&p->b, x, at + 1, width, PLOT_STRIP - 2,
			"fill=\"#fff\" stroke=\"#000\" stroke-width=\".5\"");
		svg_label(&p->b, x + 3, at + PLOT_STRIP - 4.5, PLOT_SMALL, width - 5,
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

/* Cartridges that stand too near each other for a number each. */
struct bunch {
	size_t n, first, last; /* lines in the table of what was used */
	bool gaps;	       /* lines of other things stand between them */
	double x;	       /* of the last */
};

/* "7", "7, 8", and of more "7-43", which has room at the right edge; "7 ... 43" where not all of these are
 * cartridges. */
static void say_bunch(const struct bunch *bunch, char ret[64])
{
	if (bunch->n == 1)
		snprintf(ret, 64, "%zu", bunch->last);
	else
		snprintf(ret, 64,
			 bunch->n == 2 ? "%zu, %zu"
			 : bunch->gaps ? "%zu ... %zu"
				       : "%zu-%zu",
			 bunch->first, bunch->last);
}

/* Whether one at @x is too near for the number before it to stand between them. */
static bool is_near(const struct bunch *bunch, double x)
{
	char numbers[64];

	say_bunch(bunch, numbers);
	return x - bunch->x <= fmax(NEAR, 10 + .6 * PLOT_SMALL * (double)strlen(numbers));
}

/* Behind the last of them. */
static void number_bunch(struct plot *p, const struct bunch *bunch, double y)
{
	char numbers[64];

	if (bunch->n == 0)
		return;
	say_bunch(bunch, numbers);
	svg_text(&p->b, bunch->x + 5, y + PLOT_STRIP - 4.5, PLOT_SMALL, SVG_START, numbers);
}

/* A triangle where a cartridge was put in, with its line in the table of what was used, and a
 * dotted line through the panels. */
void plot_draw_cartridges(struct plot *p, double y)
{
	size_t n = json_array_size(json_object_get(p->r->root, "uses"));
	struct bunch bunch = {.n = 0};
	double x;

	strip_name(p, y, "cartridge");
	for (size_t i = 0; i < n; i++) {
		if (!place_cartridge(p, i, &x))
			continue;
		if (bunch.n > 0 && !is_near(&bunch, x)) {
			number_bunch(p, &bunch, y);
			bunch.n = 0;
		}
		svg_line(&p->b, x, y + PLOT_STRIP - 3, x, p->bottom,
			 "stroke=\"#000\" stroke-width=\".6\" stroke-dasharray=\"1 2\"");
		draw_triangle(&p->b, x, y);
		if (bunch.n++ == 0) {
			bunch.first = i + 1;
			bunch.gaps = false;
		} else if (bunch.last != i) {
			bunch.gaps = true;
		}
		bunch.last = i + 1;
		bunch.x = x;
	}
	number_bunch(p, &bunch, y);
}

/* Black where the motor was on. */
void plot_draw_motor(struct plot *p, double y)
{
	double width = (PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT) / PLOT_COLUMNS;

	strip_name(p, y, "motor");
	for (size_t i = 0; i < PLOT_COLUMNS;) {
		size_t end = i;

		while (end < PLOT_COLUMNS && p->busy[end])
			end++;
		if (end > i)
			svg_box(&p->b, PLOT_LEFT + (double)i * width, y + 4,
				(double)(end - i) * width, PLOT_STRIP - 8, "fill=\"#000\"");
		i = end + 1;
	}
}
