/* SPDX-License-Identifier: MIT */
/*
 * Drawings as SVG on a buffer, for paper in black and white. Lengths are in the drawing's units, y
 * grows downwards; numbers are written with two decimals at most, so that the same data always give
 * the same text.
 */
#ifndef TOOLS_CTL_SVG_H
#define TOOLS_CTL_SVG_H

#include "base/buf.h"

/* Maps values to places: from..to in the data to a..b on paper. */
struct svg_scale {
	double from, to, a, b;
};
double svg_at(const struct svg_scale *s, double value);
/* The same, kept between a and b. */
double svg_within(const struct svg_scale *s, double value);

/* The step of an axis: 1, 2 or 5 times a power of ten, the least of them that gives at most @most
 * steps from @from to @to, which are finite. 1 when there is nothing between them. */
double svg_step(double from, double to, int most);
/* Of a clock's axis: seconds, of 1 s to 1 day; the least that gives at most @most steps in
 * @seconds. */
int svg_clock_step(double seconds, int most);

/* <svg> of this size, with its title and what it shows in words, for those who do not see it
 * (escaped). */
void svg_begin(struct buf *b, double width, double height, const char *title, const char *words);
/* Defines a hatching, once a page: fill="url(#hatch)". */
void svg_hatch(struct buf *b);
void svg_end(struct buf *b);
/* A number as an attribute. */
void svg_number(struct buf *b, double x);
/* A box; @paint: its attributes, of our own making ("fill=\"#ccc\""). */
void svg_box(struct buf *b, double x, double y, double width, double height, const char *paint);
void svg_line(struct buf *b, double x1, double y1, double x2, double y2, const char *paint);
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };
/* Text, escaped, at its base line. */
void svg_text(struct buf *b, double x, double y, double size, enum svg_anchor anchor,
	      const char *text);
/* The same, cut to @width with an ellipsis by what letters take on average; nothing when not even
 * three fit. */
void svg_label(struct buf *b, double x, double y, double size, double width, const char *text);

#endif
