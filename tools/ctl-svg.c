/* SPDX-License-Identifier: MIT */
#include "ctl-svg.h"

#include <math.h>
#include <stdio.h>

#include "ctl-html.h"

#define FARTHEST     1e6  /* nothing on paper lies beyond */
#define LETTER_WIDTH 0.58 /* of the size; bold capitals are wider, and labels are words */

double svg_at(const struct svg_scale *s, double value)
{
	return s->to == s->from ? s->a
				: s->a + (value - s->from) / (s->to - s->from) * (s->b - s->a);
}

double svg_within(const struct svg_scale *s, double value)
{
	double at = svg_at(s, value), least = fmin(s->a, s->b), most = fmax(s->a, s->b);

	return fmin(fmax(at, least), most);
}

double svg_step(double from, double to, int most)
{
	static const double steps[] = {1, 2, 5, 10};
	double span = to - from, power;

	assert(most > 0);
	if (!(span > 0))
		return 1;
	power = pow(10, floor(log10(span / most)));
	for (size_t i = 0; i < ELEMENTSOF(steps); i++)
		if (span / (steps[i] * power) <= most * (1 + 1e-9))
			return steps[i] * power;
	return 10 * power;
}

int svg_clock_step(double seconds, int most)
{
	static const int steps[] = {1,	 2,   5,    10,	  15,	30,    60,    120,  300,
				    600, 900, 1800, 3600, 7200, 10800, 21600, 43200};

	for (size_t i = 0; i < ELEMENTSOF(steps); i++)
		if (seconds / steps[i] <= most)
			return steps[i];
	return 86400 * (int)ceil(fmin(seconds / 86400 / most, 20000));
}

void svg_number(struct buf *b, double x)
{
	char text[40];
	int n;

	x = isfinite(x) ? fmin(fmax(x, -FARTHEST), FARTHEST) : 0;
	x = fabs(x) < 0.005 ? 0 : x; /* no "-0" */
	n = snprintf(text, sizeof(text), "%.2f", x);
	while (n > 0 && text[n - 1] == '0')
		n--;
	if (n > 0 && text[n - 1] == '.')
		n--;
	buf_add(b, text, (size_t)n);
}

static void attribute(struct buf *b, const char *name, double x)
{
	buf_addf(b, " %s=\"", name);
	svg_number(b, x);
	buf_addc(b, '"');
}

void svg_begin(struct buf *b, double width, double height, const char *title, const char *words)
{
	buf_adds(b, "<svg viewBox=\"0 0 ");
	svg_number(b, width);
	buf_addc(b, ' ');
	svg_number(b, height);
	buf_adds(b, "\" role=\"img\">\n");
	buf_adds(b, "<title>");
	html_text(b, title);
	buf_adds(b, "</title>\n<desc>");
	html_text(b, words);
	buf_adds(b, "</desc>\n");
}

void svg_hatch(struct buf *b)
{
	buf_adds(b, "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" "
		    "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" stroke=\"#888\" "
		    "stroke-width=\"1\"/></pattern></defs>\n");
}

void svg_end(struct buf *b)
{
	buf_adds(b, "</svg>\n");
}

void svg_box(struct buf *b, double x, double y, double width, double height, const char *paint)
{
	buf_adds(b, "<rect");
	attribute(b, "x", x);
	attribute(b, "y", y);
	attribute(b, "width", fmax(width, 0));
	attribute(b, "height", fmax(height, 0));
	buf_addf(b, " %s/>\n", paint);
}

void svg_line(struct buf *b, double x1, double y1, double x2, double y2, const char *paint)
{
	buf_adds(b, "<line");
	attribute(b, "x1", x1);
	attribute(b, "y1", y1);
	attribute(b, "x2", x2);
	attribute(b, "y2", y2);
	buf_addf(b, " %s/>\n", paint);
}

void svg_text(struct buf *b, double x, double y, double size, enum svg_anchor anchor,
	      const char *text)
{
	static const char *const anchors[] = {"start", "middle", "end"};

	buf_adds(b, "<text");
	attribute(b, "x", x);
	attribute(b, "y", y);
	attribute(b, "font-size", size);
	buf_addf(b, " text-anchor=\"%s\">", anchors[anchor]);
	html_text(b, text);
	buf_adds(b, "</text>\n");
}

void svg_label(struct buf *b, double x, double y, double size, double width, const char *text)
{
	size_t fit = width > 0 ? (size_t)(width / (size * LETTER_WIDTH)) : 0, letters = 0, end = 0;
	char *cut;

	for (const char *p = text; *p; p++) {
		if (((unsigned char)*p & 0xc0) == 0x80)
			continue; /* inside a letter */
		if (letters + 1 == fit)
			end = (size_t)(p - text);
		letters++;
	}
	if (letters <= fit) {
		svg_text(b, x, y, size, SVG_START, text);
		return;
	}
	if (fit < 3)
		return;
	if (asprintf(&cut, "%.*s\xe2\x80\xa6", (int)end, text) < 0) {
		b->error = -ENOMEM;
		return;
	}
	svg_text(b, x, y, size, SVG_START, cut);
	free(cut);
}
