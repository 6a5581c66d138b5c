/* SPDX-License-Identifier: MIT */
#include "ctl-cell.h"
#include "ctl-screen.h"

#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <time.h>
#include <wchar.h>

#include "base/timefmt.h"

/* Text in a field of @width columns, cut to fit. */
static void put(int y, int x, int width, bool right, const char *text)
{
	wchar_t wide[256];
	size_t n = mbstowcs(wide, text, ELEMENTSOF(wide) - 1);
	int columns = 0;
	size_t fit = 0;

	if (n == (size_t)-1) { /* not in this locale's characters */
		mvaddnstr(y, x, text, width);
		return;
	}
	wide[n] = L'\0';
	for (; fit < n; fit++) {
		int w = wcwidth(wide[fit]);

		if (w < 0 || columns + w > width)
			break;
		columns += w;
	}
	mvaddnwstr(y, right ? x + width - columns : x, wide, (int)fit);
}

static const struct ctl_column shown[] = {
	COLUMN("serial", "pen", TEXT),
	COLUMN("model", "model", TEXT),
	COLUMN("state", "state", STATE),
	COLUMN("live.running", "motor", BOOL),
	COLUMN("live.frequency_hz", "Hz", REAL, .decimals = 1),
	COLUMN("live.depth_um", "um", REAL, .decimals = 0),
	COLUMN("live.run", "run", INT),
	COLUMN("live.run_cycles", "cycles", INT),
	COLUMN("live.battery_percent", "bat %", INT),
	COLUMN("log.behind", "behind", INT),
};
static const int widths[ELEMENTSOF(shown)] = {14, 14, 9, 5, 7, 7, 6, 9, 6, 8};
#define AGE_WIDTH 10
#define MODEL	  1 /* the column that a narrow terminal goes without first */

/* Width of a column with its gap; 0 when it is left out. */
static int width_of(size_t column)
{
	int all = AGE_WIDTH;

	for (size_t i = 0; i < ELEMENTSOF(shown); i++)
		all += widths[i] + 1;
	return column == MODEL && all > COLS ? 0 : widths[column] + 1;
}

/* Seconds since the newest live value of the pen was heard; -1 never. */
static double age_of(const struct screen *s, const json_t *pen)
{
	const json_t *live = json_object_get(pen, "live"), *value;
	const char *key;
	double least = -1;

	json_object_foreach((json_t *)live, key, value)
	{
		const json_t *age = json_object_get(value, "age_ms"),
			     *at = json_object_get(value, "at_us");
		double seconds;

		if (json_is_integer(at)) /* put there by an event */
			seconds = (double)(now_boot_us() - json_integer_value(at)) / 1e6;
		else if (json_is_number(age))
			seconds = json_number_value(age) / 1e3 +
				  (double)(now_boot_us() - s->heard_us) / 1e6;
		else
			continue;
		if (least < 0 || seconds < least)
			least = seconds;
	}
	return least;
}

static int colour_of_state(const char *state)
{
	if (streq(state, "live"))
		return COLOUR_GOOD;
	if (streq(state, "stalled"))
		return COLOUR_BAD;
	return streq(state, "away") ? COLOUR_PLAIN : COLOUR_BUSY;
}

static void draw_cell(int y, int x, size_t column, const json_t *pen)
{
	const json_t *value = path_get(pen, shown[column].path);
	bool stale = json_is_true(json_object_get(value, "stale"));
	int attributes = stale ? A_DIM : A_NORMAL;
	struct buf b = BUF_INIT(0);

	cell_text(&shown[column], value, &b);
	if (has_colors() && shown[column].type == TYPE_STATE && json_is_string(value))
		attributes |= COLOR_PAIR(colour_of_state(json_string_value(value)));
	attron(attributes);
	if (b.error == 0)
		put(y, x, widths[column], column > 3, b.data);
	attroff(attributes);
	buf_done(&b);
}

static void draw_pen(const struct screen *s, int y, const json_t *pen)
{
	const char *trouble = json_string_value(json_object_get(pen, "trouble"));
	struct buf b = BUF_INIT(0);
	int x = 0;

	for (size_t i = 0; i < ELEMENTSOF(shown) && x + widths[i] <= COLS; i++) {
		if (width_of(i) > 0)
			draw_cell(y, x, i, pen);
		x += width_of(i);
	}
	text_add_age(&b, age_of(s, pen));
	if (b.error == 0 && x + AGE_WIDTH <= COLS)
		put(y, x, AGE_WIDTH, true, b.data);
	x += AGE_WIDTH + 2;
	buf_reset(&b);
	if (trouble && x < COLS) {
		text_add_safe(&b, trouble, strlen(trouble));
		if (b.error == 0)
			put(y, x, COLS - x, false, b.data);
	}
	buf_done(&b);
}

/* ---- warnings ---- */

#define INDENT 2 /* of a warning's second line and others */

/* "critical #12 SIM-1: The needle ran ..." */
static void warning_text(const json_t *row, struct buf *b)
{
	const char *severity = json_string_value(json_object_get(row, "severity")),
		   *says = json_string_value(json_object_get(row, "says")), *serial;
	const json_t *pens = json_object_get(row, "pens");

	buf_addf(b, "%s #%lld", severity ? severity : "",
		 (long long)json_integer_value(json_object_get(row, "session")));
	for (size_t i = 0; i < json_array_size(pens); i++) {
		serial = json_string_value(json_array_get(pens, i));
		buf_addc(b, ' ');
		if (serial)
			text_add_safe(b, serial, strlen(serial));
	}
	buf_adds(b, ": ");
	if (says)
		text_add_safe(b, says, strlen(says));
}

/* Writes it from line @y on, broken between words, down to line @last; returns how many lines all of it
 * takes. @y -1: only counts. */
static int draw_words(int y, int last, const char *text)
{
	int lines = 0, width = COLS;

	while (*text) {
		int x = lines > 0 ? INDENT : 0;
		char line[512];
		size_t len = strlen(text);
		size_t end = MIN(len, MIN((size_t)MAX(width - x, 1), sizeof(line) - 1));

		/* an accent counts as a column: a line is short then */
		if (end < len)
			for (size_t i = end; i > 0; i--)
				if (text[i] == ' ') {
					end = i;
					break;
				}
		snprintf(line, sizeof(line), "%.*s", (int)end, text);
		if (y >= 0 && y + lines <= last)
			put(y + lines, x, width - x, false, line);
		lines++;
		text += end;
		text += strspn(text, " ");
	}
	return lines;
}

static int draw_warning(int y, int last, const json_t *row)
{
	const char *severity = json_string_value(json_object_get(row, "severity"));
	bool bad = severity && (streq(severity, "critical") || streq(severity, "error"));
	int attributes = bad ? A_BOLD : A_NORMAL, lines = 0;
	struct buf b = BUF_INIT(0);

	if (bad && has_colors())
		attributes |= COLOR_PAIR(COLOUR_BAD);
	warning_text(row, &b);
	attron(attributes);
	if (b.error == 0)
		lines = draw_words(y, last, b.data);
	attroff(attributes);
	buf_done(&b);
	return lines;
}

/* At the bottom, in no more than half of the screen; returns the first line that they take. */
static int draw_warnings(const struct screen *s, int last)
{
	size_t n = json_array_size(s->warnings), i;
	int lines = 0, room = last / 2, y;
	const json_t *row;
	char more[64];

	json_array_foreach(s->warnings, i, row) lines += draw_warning(-1, last, row);
	y = last - MIN(lines, room) + 1;
	for (i = 0; i < n; i++) {
		row = json_array_get(s->warnings, i);
		if (y + draw_warning(-1, last, row) - 1 > last - (i + 1 < n)) {
			snprintf(more, sizeof(more), "... and %zu more warning%s: stipplectl today",
				 n - i, n - i == 1 ? "" : "s");
			put(last, 0, COLS, false, more);
			break;
		}
		y += draw_warning(y, last, row);
	}
	return n > 0 ? last - MIN(lines, room) + 1 : last + 1;
}

/* ---- the rest ---- */

static void draw_headings(int y)
{
	int x = 0;

	attron(A_BOLD);
	for (size_t i = 0; i < ELEMENTSOF(shown) && x + widths[i] <= COLS; i++) {
		if (width_of(i) > 0)
			put(y, x, widths[i], i > 3, shown[i].heading);
		x += width_of(i);
	}
	if (x + AGE_WIDTH <= COLS)
		put(y, x, AGE_WIDTH, true, "heard");
	attroff(A_BOLD);
}

static void draw_title(const struct screen *s)
{
	size_t live = 0, i;
	const json_t *pen;
	char text[160], clock[32];
	time_t now = time(NULL);
	struct tm tm;

	json_array_foreach(s->rows, i, pen)
	{
		const char *state = json_string_value(json_object_get(pen, "state"));

		live += state && streq(state, "live");
	}
	snprintf(text, sizeof(text), "stipple: %zu pens, %zu live", json_array_size(s->rows), live);
	put(0, 0, COLS, false, text);
	if (localtime_r(&now, &tm) && strftime(clock, sizeof(clock), "%H:%M:%S %Z", &tm) > 0 &&
	    COLS > 50)
		put(0, 30, COLS - 30, true, clock);
	if (s->trouble) {
		attron(A_REVERSE);
		put(1, 0, COLS, false, s->trouble);
		attroff(A_REVERSE);
	}
}

void screen_draw(struct screen *s)
{
	int y = 3, last = LINES - 2;
	size_t i, n = json_array_size(s->rows);
	const json_t *pen;
	char more[64];

	erase();
	draw_title(s);
	draw_headings(2);
	if (json_array_size(s->warnings) > 0)
		last = draw_warnings(s, last) - 2; /* with a line between */
	json_array_foreach(s->rows, i, pen)
	{
		if (y > last - (i + 1 < n)) {
			snprintf(more, sizeof(more), "... and %zu more", n - i);
			put(y++, 0, COLS, false, more);
			break;
		}
		draw_pen(s, y++, pen);
	}
	put(LINES - 1, 0, COLS, false,
	    "q quits; (values in parentheses) are stale; um is needle protrusion");
	refresh();
	s->drawn_us = now_boot_us();
	s->dirty = false;
}
