/* SPDX-License-Identifier: MIT */
/* The drawings of a session: depth and frequency over its time, and how the cycles spread over the
 * depth. */
#ifndef TOOLS_CTL_REPORT_PLOT_H
#define TOOLS_CTL_REPORT_PLOT_H

#include "ctl-report.h"

/* Of a drawing, in its units; it is as wide as the page. */
#define PLOT_WIDTH 720.0
#define PLOT_LEFT  48.0 /* the axis' numbers */
#define PLOT_RIGHT 42.0
#define PLOT_SMALL 8.5 /* letters */
#define PLOT_REACH 1.6 /* a limit up to so many times the greatest value is shown */

#define PLOT_COLUMNS 640 /* of the plot, and of what is asked for */

/* Asks for the cycles of the session's runs, reduced to the width of the plot, and draws. *ret:
 * SVG, caller frees with free(); NULL when no motor ran. status. */
int plot_session(struct report *r, char **ret);
/* ---- ctl-report-hist.c ---- */
/* Cycles by protrusion; each may lie as far aside as @uncertainty_um says, which is drawn as a grey
 * band behind the bars; 0: not known. *ret as before; NULL when there is no depth. status. */
int plot_depths(struct report *r, int64_t uncertainty_um, char **ret);

#endif
