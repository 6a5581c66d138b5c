/* SPDX-License-Identifier: MIT */
/*
 * The drawing of a session while it is made, which ctl-report-plot*.c alone share. From above: strips
 * (findings, zones, pens, cartridges, the motor), a panel of depth, a panel of frequency, the clock.
 * What draws adds SVG to p->b, whose errors stay in it; @y and @top are the upper edge.
 */
#ifndef TOOLS_CTL_REPORT_PLOT_PARTS_H
#define TOOLS_CTL_REPORT_PLOT_PARTS_H

#include "ctl-report-plot.h"
#include "ctl-svg.h"

#define PLOT_STRIP	 15.0 /* the height of a line of zones, of a pen */
#define PLOT_STRIPS_MAX	 8    /* pens that get a line of their own */
#define PLOT_DEPTH_PANEL 150.0
#define PLOT_FREQ_PANEL	 100.0
#define PLOT_GAP	 14.0 /* between the panels */

/* What one column of a panel shows, in um or Hz. */
struct plot_cell {
	double sum;   /* of the means, each times its count */
	double count; /* 0: nothing */
	double least, most;
};

struct plot {
	struct report *r;
	struct buf b;
	int64_t from_us, to_us; /* UTC; to_us > from_us */
	struct plot_cell depth[PLOT_COLUMNS], freq[PLOT_COLUMNS];
	bool busy[PLOT_COLUMNS]; /* the motor was on */
	struct svg_scale time;
	double top, bottom;		   /* of the panels */
	const char *pens[PLOT_STRIPS_MAX]; /* borrowed of @r; a strip each */
	size_t n_pens;
};

/* Where a span of the record lies on paper; one that lasts ends at the edge. */
void plot_place(const struct plot *p, const json_t *span, double *ret_x, double *ret_width);

/* ---- ctl-report-plot-strips.c ---- */

/* The strip of a pen, a new one for a pen not seen before; PLOT_STRIPS_MAX - 1 for all that are too
 * many. Keeps @pen. */
size_t plot_strip_of(struct plot *p, const char *pen);
void plot_draw_findings(struct plot *p, double y);
void plot_draw_zones(struct plot *p, double y);
/* As many strips as there are pens. */
void plot_draw_pens(struct plot *p, double y);
/* And a line through the panels for each. */
void plot_draw_cartridges(struct plot *p, double y);
void plot_draw_motor(struct plot *p, double y);

/* ---- ctl-report-plot-panels.c ---- */

/* Behind the panels: where the session paused, and the hours. */
void plot_draw_pauses(struct plot *p);
void plot_draw_clock(struct plot *p);
/* Axis, cells, limits of the profile, and the frame. */
void plot_draw_depth(struct plot *p, double top);
void plot_draw_frequency(struct plot *p, double top);

#endif
