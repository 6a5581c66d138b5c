/* SPDX-License-Identifier: MIT */
/* How a session's cycles spread over the depth. */
#include "ctl-report-plot.h"

#include <math.h>
#include <stdio.h>

#include "base/summary.h"
#include "ctl-svg.h"

#define HIST_HEIGHT 120.0
#define HIST_TOP    16.0

struct depths {
	double count[SUMMARY_DEPTH_BINS], band[SUMMARY_DEPTH_BINS];
	size_t first, last; /* of those that hold something, band included */
	double most;	    /* share of the fullest bin */
};

/* Shares of the cycles by bin, and how high a bar may come to stand within the uncertainty. */
static bool gather(const json_t *hist, int64_t uncertainty_um, struct depths *d)
{
	size_t aside = (size_t)((uncertainty_um + SUMMARY_DEPTH_BIN_UM - 1) / SUMMARY_DEPTH_BIN_UM),
	       i;
	double total = (double)report_hist_total(hist);
	const json_t *pair;

	*d = (struct depths){.first = SUMMARY_DEPTH_BINS};
	json_array_foreach(hist, i, pair)
	{
		int64_t bin = json_integer_value(json_array_get(pair, 0)) / SUMMARY_DEPTH_BIN_UM;

		if (bin >= 0 && bin < SUMMARY_DEPTH_BINS && total > 0)
			d->count[bin] = json_number_value(json_array_get(pair, 1)) / total;
	}
	for (i = 0; i < SUMMARY_DEPTH_BINS; i++) {
		for (size_t k = i > aside ? i - aside : 0; k <= i + aside && k < SUMMARY_DEPTH_BINS;
		     k++)
			d->band[i] = fmax(d->band[i], d->count[k]);
		if (d->band[i] > 0) {
			d->first = MIN(d->first, i);
			d->last = i;
			d->most = fmax(d->most, d->band[i]);
		}
	}
	return d->most > 0;
}

static void draw_depths(struct buf *b, const struct report *r, const struct depths *d)
{
	double step = svg_step(0, d->most * 100, 4),
	       from = (double)(d->first > 1 ? d->first - 2 : 0) * SUMMARY_DEPTH_BIN_UM,
	       to = (double)(d->last + 3) * SUMMARY_DEPTH_BIN_UM, near = to * PLOT_REACH, bin,
	       under = HIST_TOP;
	struct svg_scale y = {0, fmin((floor(d->most * 100 / step) + 1) * step, 100),
			      HIST_TOP + HIST_HEIGHT, HIST_TOP},
			 x;
	const json_t *limit;
	char text[48];
	size_t i;

	json_array_foreach(r->limits, i, limit)
	{
		double value = report_real(limit, "value");

		if (!report_is(limit, "unit", "um"))
			continue;
		to = value < near ? fmax(to, value + 2 * SUMMARY_DEPTH_BIN_UM) : to;
		from = value > from / 2 ? fmin(from, fmax(value - 2 * SUMMARY_DEPTH_BIN_UM, 0))
					: from;
	}
	x = (struct svg_scale){from, to, PLOT_LEFT, PLOT_WIDTH - PLOT_RIGHT};
	bin = svg_at(&x, SUMMARY_DEPTH_BIN_UM) - svg_at(&x, 0);
	for (double v = 0; v <= y.to * (1 + 1e-9); v += step) {
		svg_line(b, PLOT_LEFT, svg_at(&y, v), PLOT_WIDTH - PLOT_RIGHT, svg_at(&y, v),
			 "stroke=\"#bbb\" stroke-width=\".4\"");
		snprintf(text, sizeof(text), "%g %%", v);
		svg_text(b, PLOT_LEFT - 4, svg_at(&y, v) + 3, PLOT_SMALL, SVG_END, text);
	}
	for (i = d->first; i <= d->last; i++) {
		double at = svg_at(&x, (double)i * SUMMARY_DEPTH_BIN_UM),
		       band = svg_at(&y, d->band[i] * 100), bar = svg_at(&y, d->count[i] * 100);

		svg_box(b, at, band, bin + .2, y.a - band, "fill=\"#d0d0d0\"");
		if (d->count[i] > 0)
			svg_box(b, at + bin * .12, bar, bin * .76, y.a - bar, "fill=\"#000\"");
	}
	svg_box(b, PLOT_LEFT, HIST_TOP, PLOT_WIDTH - PLOT_LEFT - PLOT_RIGHT, HIST_HEIGHT,
		"fill=\"none\" stroke=\"#000\" stroke-width=\".6\"");
	step = svg_step(from, to, 12);
	for (double v = ceil(from / step) * step; v <= to; v += step) {
		svg_line(b, svg_at(&x, v), y.a, svg_at(&x, v), y.a + 3,
			 "stroke=\"#000\" stroke-width=\".6\"");
		snprintf(text, sizeof(text), "%g", v);
		svg_text(b, svg_at(&x, v), y.a + 12, PLOT_SMALL, SVG_MIDDLE, text);
	}
	svg_text(b, (PLOT_LEFT + PLOT_WIDTH - PLOT_RIGHT) / 2, y.a + 24, PLOT_SMALL, SVG_MIDDLE,
		 "protrusion, \xc2\xb5m");
	json_array_foreach(r->limits, i, limit)
	{
		double value = report_real(limit, "value"), at = svg_at(&x, value);

		if (!report_is(limit, "unit", "um") || value < from || value > to)
			continue;
		svg_line(b, at, HIST_TOP, at, y.a,
			 "stroke=\"#000\" stroke-width=\".9\" stroke-dasharray=\"6 3\"");
		if (at > PLOT_WIDTH - PLOT_RIGHT - 110)
			svg_text(b, at - 3, under + 10, PLOT_SMALL, SVG_END,
				 report_text(limit, "label"));
		else
			svg_text(b, at + 3, under + 10, PLOT_SMALL, SVG_START,
				 report_text(limit, "label"));
		under += 10; /* each below the one before: they may be near each other */
	}
}

int plot_depths(struct report *r, int64_t uncertainty_um, char **ret)
{
	const json_t *all = json_object_get(r->root, "depth_hist");
	struct buf b = BUF_INIT(0);
	struct depths d;
	char words[128];

	*ret = NULL;
	if (!gather(all, uncertainty_um, &d))
		return 0;
	snprintf(words, sizeof(words),
		 "Half of the cycles below %lld \xc2\xb5m, 99 in a hundred below %lld \xc2\xb5m.",
		 (long long)report_hist_percentile(all, .5) + SUMMARY_DEPTH_BIN_UM,
		 (long long)report_hist_percentile(all, .99) + SUMMARY_DEPTH_BIN_UM);
	svg_begin(&b, PLOT_WIDTH, HIST_TOP + HIST_HEIGHT + 28, "Cycles by needle protrusion",
		  words);
	draw_depths(&b, r, &d);
	svg_end(&b);
	*ret = buf_take(&b);
	return *ret ? 0 : ctl_fail_memory();
}
