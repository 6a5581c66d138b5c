/* SPDX-License-Identifier: MIT */
#include "ctl-table.h"

#include <wchar.h>

#include <libsmartcols/libsmartcols.h>

#define SEPARATOR 2 /* blanks between columns */

void print_json(const struct ctl *ctl, struct slice raw)
{
	struct buf safe = BUF_INIT(0);

	if (ctl->terminal) {
		text_add_safe_json(&safe, raw.p, raw.len);
		if (safe.error == 0)
			raw = (struct slice){safe.data, safe.len};
	}
	fwrite(raw.p, 1, raw.len, stdout);
	fputc('\n', stdout);
	buf_done(&safe);
}

static const json_t *value_of(const struct ctl_table *t, const json_t *row, size_t column)
{
	return t->by_index ? json_array_get(row, column) : path_get(row, t->columns[column].path);
}

static int new_scols(struct libscols_table **ret, const struct ctl *ctl)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return ctl_fail_memory();
	scols_table_enable_colors(table, ctl->colours);
	scols_table_enable_noencoding(table, 1); /* text_add_safe() did it */
	scols_table_set_column_separator(table, "  ");
	scols_table_enable_nowrap(table, 1);
	if (!ctl->terminal)
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	*ret = table;
	return 0;
}

static bool may_cut(const struct ctl_column *c)
{
	return c->trunc || c->cut;
}

int table_init(struct ctl_table *t, struct ctl *ctl, const struct ctl_column *columns,
	       bool by_index)
{
	int status;

	*t = (struct ctl_table){
		.ctl = ctl, .columns = columns, .by_index = by_index, .headed = !ctl->headings};
	while (columns[t->n_columns].path)
		t->n_columns++;
	if (ctl->format != FORMAT_TABLE)
		return 0;
	status = new_scols(&t->scols, ctl);
	if (status != 0)
		return status;
	t->widths = calloc(t->n_columns + 1, sizeof(*t->widths));
	if (!t->widths)
		return ctl_fail_memory();
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct ctl_column *c = &columns[i];
		bool number = c->type == TYPE_INT || c->type == TYPE_REAL || c->type == TYPE_AGE;

		if (!scols_table_new_column(t->scols, c->heading, 0,
					    (number ? SCOLS_FL_RIGHT : 0) |
						    (may_cut(c) ? SCOLS_FL_TRUNC : 0)))
			return ctl_fail_memory();
	}
	return 0;
}

void table_done(struct ctl_table *t)
{
	scols_unref_table(t->scols);
	t->scols = NULL;
	free(t->widths);
	t->widths = NULL;
}

/* Columns of a terminal that @text takes. */
static size_t width_of(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0;
	wchar_t c;

	for (size_t left = strlen(text); left > 0;) {
		size_t n = mbrtowc(&c, text, left, &state);
		int w;

		if (n == 0 ||
		    n > left) /* not of this locale: a byte at a time, as it will be shown */
			return width + left;
		w = wcwidth(c);
		width += w > 0 ? (size_t)w : 0;
		text += n;
		left -= n;
	}
	return width;
}

static void print_csv_headings(struct ctl_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct buf b = BUF_INIT(0);

		cell_add_csv_text(t->ctl, &b, t->columns[i].path, strlen(t->columns[i].path));
		fprintf(stdout, "%s%s", i ? "," : "", b.data ? b.data : "");
		buf_done(&b);
	}
	fputs("\r\n", stdout);
	t->headed = true;
}

static int add_csv_row(struct ctl_table *t, const json_t *row)
{
	struct buf b = BUF_INIT(0);
	int error;

	if (!t->headed)
		print_csv_headings(t);
	for (size_t i = 0; i < t->n_columns; i++) {
		if (i > 0)
			buf_addc(&b, ',');
		cell_add_csv(t->ctl, &b, value_of(t, row, i));
	}
	buf_adds(&b, "\r\n");
	error = b.error;
	if (error == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_done(&b);
	return error < 0 ? ctl_fail_memory() : 0;
}

static int add_line(struct ctl_table *t, const json_t *row)
{
	struct libscols_line *line = scols_table_new_line(t->scols, NULL);
	struct buf b = BUF_INIT(0);
	bool failed = !line;

	for (size_t i = 0; !failed && i < t->n_columns; i++) {
		const char *colour;

		buf_reset(&b);
		colour = cell_text(&t->columns[i], value_of(t, row, i), &b);
		failed = b.error < 0 || scols_line_set_data(line, i, b.data ? b.data : "") < 0;
		if (!failed && colour)
			scols_cell_set_color(scols_line_get_cell(line, i), colour);
		if (t->ctl->terminal && !t->fitted)
			t->widths[i] = MAX(t->widths[i], width_of(b.data ? b.data : ""));
	}
	buf_done(&b);
	t->lines++;
	return failed ? ctl_fail_memory() : 0;
}

int table_add(struct ctl_table *t, const json_t *row, struct slice raw)
{
	switch (t->ctl->format) {
	case FORMAT_JSON:
		print_json(t->ctl, raw);
		return 0;
	case FORMAT_CSV:
		return add_csv_row(t, row);
	default:
		return add_line(t, row);
	}
}

int table_add_made(struct ctl_table *t, json_t *row)
{
	struct slice raw = {NULL, 0};
	char *text = NULL;
	int status;

	if (row && t->ctl->format == FORMAT_JSON) {
		text = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(15));
		raw = (struct slice){text, text ? strlen(text) : 0};
	}
	status = !row || (t->ctl->format == FORMAT_JSON && !text) ? ctl_fail_memory()
								  : table_add(t, row, raw);
	free(text);
	json_decref(row);
	return status;
}

/* The least that a column takes. */
static size_t least_width(const struct ctl_table *t, size_t column)
{
	const struct ctl_column *c = &t->columns[column];
	size_t width = may_cut(c) ? MIN(c->least, t->widths[column]) : t->widths[column];

	return MAX(width_of(c->heading), width);
}

/* Hides what does not fit, numbers before texts, and says so. The first column stays. */
static void fit(struct ctl_table *t)
{
	size_t room = scols_table_get_termwidth(t->scols), taken = 0, left_out = 0;
	struct buf names = BUF_INIT(0);

	for (size_t i = 0; i < t->n_columns; i++)
		taken += least_width(t, i) + (i > 0 ? SEPARATOR : 0);
	for (int texts = 0; texts <= 1; texts++) {
		for (size_t i = t->n_columns; i-- > 1 && taken > room;) {
			struct libscols_column *c = scols_table_get_column(t->scols, i);

			if (t->columns[i].trunc != (texts == 1))
				continue;
			scols_column_set_flags(c, scols_column_get_flags(c) | SCOLS_FL_HIDDEN);
			taken -= least_width(t, i) + SEPARATOR;
		}
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		struct libscols_column *c = scols_table_get_column(t->scols, i);

		if (scols_column_is_hidden(c))
			buf_addf(&names, "%s%s", left_out++ ? ", " : "", t->columns[i].heading);
	}
	if (left_out > 0 && names.error == 0)
		ctl_fail(0,
			 "the terminal is too narrow for %s; a pipe (| less -S) or --csv has all",
			 names.data);
	buf_done(&names);
}

int table_flush(struct ctl_table *t)
{
	if (t->ctl->format == FORMAT_CSV && !t->headed)
		print_csv_headings(t);
	if (t->ctl->format != FORMAT_TABLE || t->lines == 0)
		return 0;
	if (t->ctl->terminal && !t->fitted)
		fit(t);
	t->fitted = true;
	scols_table_enable_noheadings(t->scols, t->headed);
	if (scols_print_table(t->scols) < 0)
		return ctl_fail_memory();
	for (size_t i = 0; i < t->n_columns; i++) {
		struct libscols_column *c = scols_table_get_column(t->scols, i);

		scols_column_set_whint(c, (double)scols_column_get_width(c));
	}
	scols_table_remove_lines(t->scols);
	t->headed = true;
	t->lines = 0;
	return 0;
}

static int add_object_lines(const struct ctl *ctl, struct libscols_table *table,
			    const struct ctl_column *columns, const json_t *object)
{
	for (const struct ctl_column *c = columns; c->path; c++) {
		const json_t *value = path_get(object, c->path);
		struct libscols_line *line;
		struct buf b = BUF_INIT(0);
		const char *colour;
		bool failed;

		if (!value || json_is_null(value) || json_is_null(json_object_get(value, "value")))
			continue;
		colour = cell_text(c, value, &b);
		line = b.error == 0 ? scols_table_new_line(table, NULL) : NULL;
		failed = !line || scols_line_set_data(line, ctl->headings, b.data) < 0 ||
			 (ctl->headings && scols_line_set_data(line, 0, c->heading) < 0);
		if (!failed && colour)
			scols_cell_set_color(scols_line_get_cell(line, ctl->headings), colour);
		buf_done(&b);
		if (failed)
			return ctl_fail_memory();
	}
	return 0;
}

int table_print_object(struct ctl *ctl, const struct ctl_column *columns, const json_t *object,
		       struct slice raw)
{
	struct libscols_table *table;
	struct ctl_table rows;
	int status;

	if (ctl->format != FORMAT_TABLE) {
		status = table_init(&rows, ctl, columns, false);
		if (status == 0)
			status = table_add(&rows, object, raw);
		table_done(&rows);
		return status;
	}
	status = new_scols(&table, ctl);
	if (status != 0)
		return status;
	scols_table_enable_noheadings(table, 1);
	/* A value that is longer than the terminal goes on in the next line: a digest is whole or
	 * nothing. */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	if ((ctl->headings && !scols_table_new_column(table, NULL, 0, 0)) ||
	    !scols_table_new_column(table, NULL, 0, 0))
		status = ctl_fail_memory();
	if (status == 0)
		status = add_object_lines(ctl, table, columns, object);
	if (status == 0 && scols_print_table(table) < 0)
		status = ctl_fail_memory();
	scols_unref_table(table);
	return status;
}
