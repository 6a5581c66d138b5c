/* SPDX-License-Identifier: MIT */
/* Rows on their way out: an aligned table for people, one JSON object a line, or CSV; and one
 * object as a list of its values. */
#ifndef TOOLS_CTL_TABLE_H
#define TOOLS_CTL_TABLE_H

#include "ctl-cell.h"

struct libscols_table;

struct ctl_table {
	struct ctl *ctl;
	const struct ctl_column *columns;
	size_t n_columns;
	bool by_index; /* a row is an array, its values in the order of the columns */
	struct libscols_table *scols; /* TABLE only */
	size_t *widths;		      /* of each column until it is fitted; TABLE on a terminal */
	size_t lines;		      /* in scols, not yet printed */
	bool headed;		      /* the headings are out */
	bool fitted;		      /* to the terminal's width */
};

/* Borrows all. status. */
int table_init(struct ctl_table *t, struct ctl *ctl, const struct ctl_column *columns,
	       bool by_index);
void table_done(struct ctl_table *t);
/* @row is the parsed row, @raw the same as the daemon wrote it (JSON only). */
int table_add(struct ctl_table *t, const json_t *row, struct slice raw);
/* A row that was put together here; takes it, also on failure. NULL is "out of memory". */
int table_add_made(struct ctl_table *t, json_t *row);
/*
 * Prints what a table has gathered. Rows added later follow without headings, as wide as those
 * before. On a terminal that is too narrow, columns are left out from the right, and named: a
 * number is never cut, for what is left of it would be another number.
 */
int table_flush(struct ctl_table *t);

/* One object: a line per column that has a value; --json and --csv as one row. status. */
int table_print_object(struct ctl *ctl, const struct ctl_column *columns, const json_t *object,
		       struct slice raw);

/* Prints a JSON text and a line feed; safe when stdout is a terminal. */
void print_json(const struct ctl *ctl, struct slice raw);

#endif
