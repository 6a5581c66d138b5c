/* SPDX-License-Identifier: MIT */
#include "ctl-page.h"

#include <stdio.h>

#include "ctl-html.h"
#include "ctl-text.h"

#define UNKNOWN	    "not recorded"
#define DENSE	    7 /* columns of a table that is set smaller */
#define SHORT	    8 /* rows of a table that is not parted by the end of a page, and their letters */
#define SHORT_TEXT  600
#define LABEL_WIDTH 26 /* of a pair in plain text */

static const struct page_column pair_columns[] = {{.heading = ""}, {.heading = ""}, {}};

void page_begin(struct page *p, enum page_form form, const char *title, const char *running)
{
	*p = (struct page){.form = form, .out = BUF_INIT(0)};
	if (form == PAGE_HTML) {
		html_begin(&p->out, title, running);
		html_element(&p->out, "h1", NULL, title);
		return;
	}
	text_add_safe(&p->out, title, strlen(title));
	buf_addc(&p->out, '\n');
	for (size_t i = MIN(page_text_width(title), (size_t)PAGE_WIDTH); i > 0; i--)
		buf_addc(&p->out, '=');
	buf_addc(&p->out, '\n');
}

const char *page_um(const struct page *p)
{
	return p->form == PAGE_HTML ? "\xc2\xb5m" : "um";
}

const char *page_plus_minus(const struct page *p)
{
	return p->form == PAGE_HTML ? "\xc2\xb1" : "+-";
}

/* ---- tables ---- */

static void html_cell(struct page *p, const struct page_column *column, bool label,
		      const char *text)
{
	const char *class = column->number  ? " class=\"number\""
			    : column->whole ? " class=\"nowrap\""
					    : "";

	buf_addf(&p->out, label ? "<th scope=\"row\"%s>" : "<td%s>", class);
	if (text)
		html_lines(&p->out, text);
	else
		html_element(&p->out, "span", "gap", UNKNOWN);
	buf_adds(&p->out, label ? "</th>" : "</td>");
}

/* A column's heading, with how it is aligned and how wide it is. */
static void html_heading(struct page *p, const struct page_column *column)
{
	buf_adds(&p->out, "<th scope=\"col\"");
	if (column->number || column->share > 0) {
		buf_addf(&p->out, " class=\"%s", column->number ? "number" : "");
		if (column->share > 0)
			buf_addf(&p->out, "%ss%u", column->number ? " " : "", column->share);
		buf_addc(&p->out, '"');
	}
	buf_addc(&p->out, '>');
	html_text(&p->out, column->heading);
	buf_adds(&p->out, "</th>");
}

static bool is_short(const struct page *p)
{
	size_t letters = 0;

	for (size_t i = 0; i < p->n_cells; i++)
		letters += p->cells[i] ? strlen(p->cells[i]) : 0;
	return p->n_cells / p->n_columns <= SHORT && letters <= SHORT_TEXT;
}

/* Whether each column has its share of the width, and none goes by what it holds. */
static bool is_shared(const struct page *p)
{
	for (size_t i = 0; i < p->n_columns; i++)
		if (p->columns[i].share == 0)
			return false;
	return true;
}

static void html_table(struct page *p)
{
	bool pairs = p->columns == pair_columns;

	buf_addf(&p->out, "<div class=\"wide\"><table class=\"%s%s%s%s\">\n",
		 pairs ? "pairs" : "table", !pairs && p->n_columns >= DENSE ? " dense" : "",
		 is_shared(p) ? " shared" : "", is_short(p) ? " short" : "");
	if (!pairs) {
		buf_adds(&p->out, "<thead><tr>");
		for (size_t i = 0; i < p->n_columns; i++)
			html_heading(p, &p->columns[i]);
		buf_adds(&p->out, "</tr></thead>\n");
	}
	buf_adds(&p->out, "<tbody>\n");
	for (size_t i = 0; i < p->n_cells; i += p->n_columns) {
		buf_adds(&p->out, "<tr>");
		for (size_t k = 0; k < p->n_columns && i + k < p->n_cells; k++)
			html_cell(p, &p->columns[k], pairs && k == 0, p->cells[i + k]);
		buf_adds(&p->out, "</tr>\n");
	}
	buf_adds(&p->out, "</tbody>\n</table></div>\n");
}

static void text_pairs(struct page *p)
{
	for (size_t i = 0; i + 1 < p->n_cells; i += 2) {
		const char *label = p->cells[i], *value = p->cells[i + 1];
		size_t width = page_text_width(label);

		buf_adds(&p->out, "  ");
		text_add_safe(&p->out, label, strlen(label));
		if (width > LABEL_WIDTH - 4) {
			buf_addc(&p->out, '\n');
			width = 0;
			buf_adds(&p->out, "  ");
		}
		for (width += 2; width < LABEL_WIDTH; width++)
			buf_addc(&p->out, ' ');
		page_text_wrap(&p->out, value ? value : "NOT RECORDED", LABEL_WIDTH, PAGE_WIDTH);
	}
}

/* Whether nothing is said in column @i of any row. */
static bool is_empty(const struct page *p, size_t i)
{
	if (p->columns == pair_columns)
		return false;
	for (size_t k = i; k < p->n_cells; k += p->n_columns)
		if (!p->cells[k] || (*p->cells[k] && !streq(p->cells[k], "-")))
			return false;
	return true;
}

/* Takes column @i out. */
static void drop_column(struct page *p, struct page_column columns[PAGE_COLUMNS + 1], size_t i)
{
	size_t to = 0;

	for (size_t k = 0; k < p->n_cells; k++)
		if (k % p->n_columns == i)
			free(p->cells[k]);
		else
			p->cells[to++] = p->cells[k];
	p->n_cells = to;
	p->n_columns--;
	memmove(&columns[i], &columns[i + 1], (p->n_columns - i + 1) * sizeof(*columns));
}

/* Columns in which nothing is said are left out, but for the first. */
static void drop_empty(struct page *p, struct page_column columns[PAGE_COLUMNS + 1])
{
	memcpy(columns, p->columns, (p->n_columns + 1) * sizeof(*columns));
	for (size_t i = p->n_columns; p->n_cells > 0 && i-- > 1;)
		if (is_empty(p, i))
			drop_column(p, columns, i);
	if (p->columns != pair_columns)
		p->columns = columns;
}

/* Writes out what was gathered. */
static void flush(struct page *p)
{
	struct page_column columns[PAGE_COLUMNS + 1];

	if (p->columns)
		drop_empty(p, columns);
	if (p->columns && p->form == PAGE_HTML)
		html_table(p);
	else if (p->columns == pair_columns)
		text_pairs(p);
	else if (p->columns) {
		page_text_table(&p->out, p->columns, p->n_columns, p->cells, p->n_cells);
		buf_addc(&p->out, '\n');
	}
	for (size_t i = 0; i < p->n_cells; i++)
		free(p->cells[i]);
	p->n_cells = 0;
	p->columns = NULL;
}

void page_table(struct page *p, const struct page_column *columns)
{
	flush(p);
	p->columns = columns;
	for (p->n_columns = 0; columns[p->n_columns].heading;)
		p->n_columns++;
	assert(p->n_columns <= PAGE_COLUMNS);
}

void page_cell(struct page *p, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	assert(p->columns);
	if (p->n_cells == p->cells_size) {
		size_t size = MAX(p->cells_size * 2, (size_t)64);
		char **cells = reallocarray(p->cells, size, sizeof(*cells));

		if (!cells) {
			p->out.error = -ENOMEM;
			free(copy);
			return;
		}
		p->cells = cells;
		p->cells_size = size;
	}
	if (text && !copy)
		p->out.error = -ENOMEM;
	p->cells[p->n_cells++] = copy;
}

/* Caller frees with free(). NULL: no memory, which the page remembers. */
static char *printed(struct page *p, const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) >= 0)
		return text;
	p->out.error = -ENOMEM;
	return NULL;
}

void page_cellf(struct page *p, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = printed(p, format, ap);
	va_end(ap);
	if (!text)
		return;
	page_cell(p, text);
	free(text);
}

void page_pair(struct page *p, const char *label, const char *value)
{
	if (p->columns != pair_columns)
		page_table(p, pair_columns);
	page_cell(p, label);
	page_cell(p, value);
}

void page_pairf(struct page *p, const char *label, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = printed(p, format, ap);
	va_end(ap);
	if (!text)
		return;
	page_pair(p, label, text);
	free(text);
}

/* ---- the others ---- */

void page_heading(struct page *p, const char *text)
{
	flush(p);
	if (p->form == PAGE_HTML) {
		html_element(&p->out, "h2", NULL, text);
		return;
	}
	if (p->out.len < 2 || memcmp(p->out.data + p->out.len - 2, "\n\n", 2) != 0)
		buf_addc(&p->out, '\n');
	text_add_safe(&p->out, text, strlen(text));
	buf_addc(&p->out, '\n');
	for (size_t i = page_text_width(text); i > 0; i--)
		buf_addc(&p->out, '-');
	buf_addc(&p->out, '\n');
}

static void paragraph(struct page *p, const char *class, const char *text)
{
	flush(p);
	if (p->form == PAGE_HTML) {
		html_element(&p->out, "p", class, text);
		return;
	}
	buf_adds(&p->out, "  ");
	page_text_wrap(&p->out, text, 2, PAGE_WIDTH);
}

void page_paragraph(struct page *p, const char *text)
{
	paragraph(p, NULL, text);
}

void page_fine(struct page *p, const char *text)
{
	paragraph(p, "fine", text);
}

void page_box(struct page *p, const char *heading, const char *const *lines)
{
	flush(p);
	if (p->form == PAGE_HTML) {
		buf_adds(&p->out, "<div class=\"box\">\n");
		html_element(&p->out, "strong", NULL, heading);
		for (; *lines; lines++)
			html_element(&p->out, "p", NULL, *lines);
		buf_adds(&p->out, "</div>\n");
		return;
	}
	buf_adds(&p->out, "\n*** ");
	text_add_safe(&p->out, heading, strlen(heading));
	buf_addc(&p->out, '\n');
	for (; *lines; lines++) {
		buf_adds(&p->out, "  * ");
		page_text_wrap(&p->out, *lines, 4, PAGE_WIDTH);
	}
}

void page_figure(struct page *p, const char *svg, const char *caption)
{
	flush(p);
	if (p->form != PAGE_HTML || !svg)
		return;
	buf_adds(&p->out, "<figure>\n");
	buf_adds(&p->out, svg);
	html_element(&p->out, "figcaption", NULL, caption);
	buf_adds(&p->out, "</figure>\n");
}

void page_signs(struct page *p, const char *const *labels)
{
	flush(p);
	if (p->form == PAGE_HTML)
		buf_adds(&p->out, "<div class=\"signs\">\n");
	for (; *labels; labels++) {
		if (p->form == PAGE_HTML) {
			html_element(&p->out, "div", NULL, *labels);
			continue;
		}
		buf_adds(&p->out, "\n\n  ");
		for (int i = 0; i < 50; i++)
			buf_addc(&p->out, '_');
		buf_adds(&p->out, "\n  ");
		page_text_wrap(&p->out, *labels, 2, PAGE_WIDTH);
	}
	if (p->form == PAGE_HTML)
		buf_adds(&p->out, "</div>\n");
}

int page_end(struct page *p)
{
	flush(p);
	if (p->form == PAGE_HTML)
		html_end(&p->out);
	return p->out.error;
}

void page_done(struct page *p)
{
	for (size_t i = 0; i < p->n_cells; i++)
		free(p->cells[i]);
	free(p->cells);
	buf_done(&p->out);
	*p = (struct page){};
}
