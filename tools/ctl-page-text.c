/* SPDX-License-Identifier: MIT */
/* Plain text of 80 columns: lines broken between words, tables whose columns share the width. */
#include "ctl-page.h"

#include <wchar.h>

#include "ctl-text.h"

#define INDENT 2 /* of a table */
#define GAP    2 /* between columns */
#define LEAST  6 /* columns that a broken text gets at least */

/* The next character of @p, which is not at its end: its bytes, and *ret_width columns. */
static size_t next(const char *p, size_t *ret_width)
{
	mbstate_t state = {};
	wchar_t c;
	size_t n = mbrtowc(&c, p, strlen(p), &state);
	int w;

	if (n == 0 || n > strlen(p)) { /* not of this locale: a byte is a column */
		*ret_width = 1;
		return 1;
	}
	w = wcwidth(c);
	*ret_width = w > 0 ? (size_t)w : 0;
	return n;
}

static size_t width_of(const char *text)
{
	size_t width = 0, w;

	while (*text) {
		text += next(text, &w);
		width += w;
	}
	return width;
}

/* Each line of @text made safe by itself, so that line feeds stay. Caller frees with buf_done(). */
static void make_safe(struct buf *out, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		text_add_safe(out, text, n > 0 && text[n - 1] == '\r' ? n - 1 : n);
		if (!text[n])
			break;
		buf_addc(out, '\n');
		text += n + 1;
	}
	buf_add(out, "", 0);
}

size_t page_text_width(const char *text)
{
	struct buf safe = BUF_INIT(0);
	size_t width;

	text_add_safe(&safe, text, strlen(text));
	width = safe.data ? width_of(safe.data) : 0;
	buf_done(&safe);
	return width;
}

/*
 * Bytes of @text that go into one line of @width columns; *ret_skip: those behind it that are not
 * printed (the blank at which it was broken). A word that is longer than a line is cut, behind a
 * hyphen if it has one.
 */
static size_t line_of(const char *text, size_t width, size_t *ret_skip)
{
	size_t taken = 0, at = 0, blank = 0, hyphen = 0;

	*ret_skip = 0;
	while (text[at] && text[at] != '\n') {
		size_t w, n = next(text + at, &w);

		if (taken + w > width) {
			if (text[at] == ' ')
				break;
			if (blank > 0 || hyphen > 0)
				at = blank > 0 ? blank : hyphen;
			break;
		}
		if (text[at] == ' ')
			blank = at;
		if (text[at] == '-' && at > 0)
			hyphen = at + 1;
		taken += w;
		at += n;
	}
	if (at == 0 && text[0] && text[0] != '\n' && text[0] != ' ')
		at = next(text, &taken); /* wider than the line: else it would never end */
	*ret_skip = text[at] == '\n' || text[at] == ' ';
	return at;
}

void page_text_wrap(struct buf *out, const char *text, size_t indent, size_t width)
{
	struct buf safe = BUF_INIT(0);
	const char *p;

	make_safe(&safe, text);
	p = safe.data ? safe.data : "";
	for (bool first = true; first || *p; first = false) {
		size_t skip, n = line_of(p, width - indent, &skip);

		for (size_t i = 0; !first && i < indent; i++)
			buf_addc(out, ' ');
		buf_add(out, p, n);
		buf_addc(out, '\n');
		p += n + skip;
	}
	if (safe.error < 0)
		out->error = safe.error;
	buf_done(&safe);
}

/* ---- tables ---- */

static const char *shown(const char *cell)
{
	return cell ? cell : "NOT RECORDED";
}

/* What a column takes: all of it on one line; and the least, at which no word, number or whole text
 * is broken. */
struct need {
	size_t all, least;
};

static size_t longest_word(const char *text)
{
	struct buf safe = BUF_INIT(0);
	size_t most = 0, width = 0, w;

	make_safe(&safe, text);
	for (const char *p = safe.data ? safe.data : ""; *p;) {
		bool blank = *p == ' ' || *p == '\n';

		p += next(p, &w);
		width = blank ? 0 : width + w;
		most = MAX(most, width);
	}
	buf_done(&safe);
	return most;
}

static struct need need_of(const struct page_column *column, size_t i, size_t n, char *const *cells,
			   size_t n_cells)
{
	struct need need = {page_text_width(column->heading), longest_word(column->heading)};

	for (size_t k = i; k < n_cells; k += n) {
		size_t all = page_text_width(shown(cells[k]));

		need.all = MAX(need.all, all);
		need.least =
			MAX(need.least,
			    column->number || column->whole ? all : longest_word(shown(cells[k])));
	}
	return need;
}

/* Takes from the widest of those that are over their @least until all fit. False: there is none
 * left. */
static bool narrow(size_t *widths, const size_t *least, size_t n, size_t *all)
{
	while (*all > PAGE_WIDTH) {
		size_t widest = n;

		for (size_t i = 0; i < n; i++)
			if (widths[i] > least[i] && (widest == n || widths[i] > widths[widest]))
				widest = i;
		if (widest == n)
			return false;
		widths[widest]--;
		(*all)--;
	}
	return true;
}

/* The columns' widths: as wide as what they hold; where that is too much, lines are broken between
 * words, then within them. Numbers and what is whole stay. */
static void share(const struct page_column *columns, size_t n, const struct need *needs,
		  size_t *widths)
{
	size_t all = INDENT + GAP * (n - 1), least[PAGE_COLUMNS];

	for (size_t i = 0; i < n; i++) {
		widths[i] = needs[i].all;
		least[i] = needs[i].least;
		all += widths[i];
	}
	if (narrow(widths, least, n, &all))
		return;
	for (size_t i = 0; i < n; i++)
		least[i] = columns[i].number || columns[i].whole ? least[i]
								 : MIN(least[i], (size_t)LEAST);
	narrow(widths, least, n, &all);
}

static void add_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

/* One row, over as many lines as its longest cell takes. */
static void add_row(struct buf *out, const struct page_column *columns, const size_t *widths,
		    size_t n, const struct buf *cells)
{
	const char *at[PAGE_COLUMNS];
	bool more = true;

	for (size_t i = 0; i < n; i++)
		at[i] = cells[i].data ? cells[i].data : "";
	while (more) {
		size_t column = INDENT, written = 0;

		more = false;
		for (size_t i = 0; i < n; i++) {
			size_t skip, len = line_of(at[i], widths[i], &skip), width = 0, w;

			for (size_t k = 0; k < len; width += w)
				k += next(at[i] + k, &w);
			if (len > 0) {
				size_t start = column + (columns[i].number && width < widths[i]
								 ? widths[i] - width
								 : 0);

				add_blanks(out, start - written);
				buf_add(out, at[i], len);
				written = start + width;
			}
			column += widths[i] + GAP;
			at[i] += len + skip;
			more = more || *at[i];
		}
		buf_addc(out, '\n');
	}
}

void page_text_table(struct buf *out, const struct page_column *columns, size_t n,
		     char *const *cells, size_t n_cells)
{
	struct need needs[PAGE_COLUMNS];
	size_t widths[PAGE_COLUMNS];
	struct buf row[PAGE_COLUMNS] = {};

	assert(n > 0 && n <= PAGE_COLUMNS);
	for (size_t i = 0; i < n; i++)
		needs[i] = need_of(&columns[i], i, n, cells, n_cells);
	share(columns, n, needs, widths);
	for (size_t i = 0; i < n; i++)
		make_safe(&row[i], columns[i].heading);
	add_row(out, columns, widths, n, row);
	for (size_t first = 0; first + n <= n_cells; first += n) {
		for (size_t i = 0; i < n; i++) {
			buf_reset(&row[i]);
			make_safe(&row[i], shown(cells[first + i]));
		}
		add_row(out, columns, widths, n, row);
	}
	for (size_t i = 0; i < n; i++) {
		if (row[i].error < 0)
			out->error = row[i].error;
		buf_done(&row[i]);
	}
}
