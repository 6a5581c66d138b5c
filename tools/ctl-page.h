/* SPDX-License-Identifier: MIT */
/*
 * A report on its way to paper: headings, pairs of label and value, tables, paragraphs, figures.
 * The same calls make plain text of 80 columns or HTML. All texts are borrowed for the call and
 * escaped on their way out; they may come from anywhere. What is not known is NULL and is said to
 * be "not recorded".
 */
#ifndef TOOLS_CTL_PAGE_H
#define TOOLS_CTL_PAGE_H

#include <stdarg.h>

#include "base/buf.h"

#define PAGE_WIDTH   80 /* of text */
#define PAGE_COLUMNS 10 /* of a table */

enum page_form { PAGE_TEXT, PAGE_HTML };

struct page_column {
	const char *heading; /* NULL ends the list */
	bool number;	     /* to the right */
	bool whole;	     /* never broken over two lines */
	unsigned share;	     /* of the width on paper, per cent: one that the style of ctl-html.c
				has; 0: as it comes */
};

#define PAGE_COLUMN(text)                                                                          \
	{                                                                                          \
		.heading = text                                                                    \
	}
#define PAGE_SHARE(text, percent)                                                                  \
	{                                                                                          \
		.heading = text, .share = percent                                                  \
	}
#define PAGE_NUMBER(text)                                                                          \
	{                                                                                          \
		.heading = text, .number = true                                                    \
	}
#define PAGE_WHOLE(text)                                                                           \
	{                                                                                          \
		.heading = text, .whole = true                                                     \
	}

struct page {
	enum page_form form;
	struct buf out;
	/* What is being gathered, written out when something else begins. */
	const struct page_column *columns; /* NULL: pairs, or nothing */
	size_t n_columns;
	char **cells; /* n_columns a row; NULL: not recorded */
	size_t n_cells, cells_size;
};

/* @running: as html_begin() wants it. */
void page_begin(struct page *p, enum page_form form, const char *title, const char *running);
/* 0, or -ENOMEM of whatever failed on the way; the text is in p->out.data. */
int page_end(struct page *p);
void page_done(struct page *p);

/* "um" and "+-" of plain text are "µm" and "±" on paper. */
const char *page_um(const struct page *p);
const char *page_plus_minus(const struct page *p);

void page_heading(struct page *p, const char *text);
void page_pair(struct page *p, const char *label, const char *value);
void page_pairf(struct page *p, const char *label, const char *format, ...) _printf_(3, 4);
void page_paragraph(struct page *p, const char *text);
/* In smaller print: how to read what stands above. */
void page_fine(struct page *p, const char *text);
/* What must not be missed: a box with a heading and one line each. Lines end with NULL. */
void page_box(struct page *p, const char *heading, const char *const *lines);
/* A table with these columns, borrowed until it ends; then a cell after the other, as many as
 * columns for each row. A column, but the first, that is empty or "-" in every row is left out. */
void page_table(struct page *p, const struct page_column *columns);
void page_cell(struct page *p, const char *text);
void page_cellf(struct page *p, const char *format, ...) _printf_(2, 3);
/* A drawing, of our own making; not in plain text. */
void page_figure(struct page *p, const char *svg, const char *caption);
/* Lines to sign on, beside each other. Ends with NULL. */
void page_signs(struct page *p, const char *const *labels);

/* ---- ctl-page-text.c ---- */
/* A table in columns that fit, longer texts broken between words; @heads false: without headings.
 */
void page_text_table(struct buf *out, const struct page_column *columns, size_t n_columns,
		     char *const *cells, size_t n_cells);
/* @text broken into lines of @width columns, those after the first begin with @indent blanks; the
 * first is at column @indent already. Ends with a line feed. */
void page_text_wrap(struct buf *out, const char *text, size_t indent, size_t width);
/* Columns that a text takes on a terminal, made safe. */
size_t page_text_width(const char *text);

#endif
