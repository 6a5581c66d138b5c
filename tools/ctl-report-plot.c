/* SPDX-License-Identifier: MIT */
/* Depth and frequency over a session: what is drawn, and in which order. */
#include "ctl-report-plot-parts.h"

#include <math.h>
#include <stdio.h>

/* ---- what is drawn ---- */

static void cell_add(struct plot_cell *c, double least, double mean, double most, double count)
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

/* ---- all of it ---- */

void plot_place(const struct plot *p, const json_t *span, double *ret_x, double *ret_width)
{
	int64_t from = p->from_us, to = p->to_us;

	(void)report_time(report_text(span, "from"), &from);
	(void)report_time(report_text(span, "to"), &to);
	*ret_x = svg_within(&p->time, (double)from);
	*ret_width = svg_within(&p->time, (double)to) - *ret_x;
}

/* The drawing in words, for those who do not see it: each quantity from least to greatest. */
static void describe(const struct plot *p, struct buf *b)
{
	static const char *const names[] = {"Protrusion", "Frequency"}, *const units[] = {
										"\xc2\xb5m", "Hz"};
	const struct plot_cell *const all[] = {p->depth, p->freq};

	for (size_t k = 0; k < ELEMENTSOF(all); k++) {
		struct plot_cell sum = {};

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
		(void)plot_strip_of(p, report_text(pen, "pen") ? report_text(pen, "pen") : "?");
	}
	strips = PLOT_STRIP * ((findings ? 1 : 0) + (zones ? 1 : 0) + (double)p->n_pens + 2);
	p->top = y + strips + 8;
	p->bottom = p->top + PLOT_DEPTH_PANEL + PLOT_GAP + PLOT_FREQ_PANEL;
	p->time = (struct svg_scale){(double)p->from_us, (double)p->to_us, PLOT_LEFT,
				     PLOT_WIDTH - PLOT_RIGHT};
	snprintf(axis, sizeof(axis), "time of day, %s", p->r->zone);
	describe(p, &words);
	svg_begin(&p->b, PLOT_WIDTH, p->bottom + 28,
		  "Needle protrusion and frequency over the session", words.data ? words.data : "");
	buf_done(&words);
	svg_hatch(&p->b);
	plot_draw_pauses(p);
	plot_draw_clock(p);
	if (findings) {
		plot_draw_findings(p, y);
		y += PLOT_STRIP;
	}
	if (zones) {
		plot_draw_zones(p, y);
		y += PLOT_STRIP;
	}
	plot_draw_pens(p, y);
	y += PLOT_STRIP * (double)p->n_pens;
	plot_draw_cartridges(p, y);
	plot_draw_motor(p, y + PLOT_STRIP);
	plot_draw_depth(p, p->top);
	plot_draw_frequency(p, p->top + PLOT_DEPTH_PANEL + PLOT_GAP);
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
