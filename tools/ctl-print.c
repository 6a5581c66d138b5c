/* SPDX-License-Identifier: MIT */
/* The verbs that print what a method answers, as their line in the table says.
 */
#include "ctl-client.h"
#include "ctl-table.h"

#include "base/limits.h"

#define PAGE_ROWS 1000 /* asked for at once: what a page gives at most */
#define TIME_LEN  27   /* 2026-11-20T09:31:02.500000Z */

const struct ctl_column *ctl_columns(const struct ctl *ctl)
{
	return ctl->format == FORMAT_CSV && ctl->verb->csv ? ctl->verb->csv : ctl->verb->columns;
}

/* The verb's parameters, and where to go on. Caller frees ret->data with
 * buf_done() also on failure. */
static int page_params(struct ctl *ctl, struct buf *ret, int64_t rows_left, const char *after)
{
	int status = ctl_params(ctl, ret);

	if (status != 0)
		return status;
	if (ctl->verb->decl && ctl->verb->decl->shape == SHAPE_PAGE)
		json_kv_int(ret, "limit", MIN(rows_left, (int64_t)PAGE_ROWS));
	if (after)
		json_kv_text(ret, "after", after);
	json_close(ret, '}');
	return ret->error < 0 ? ctl_fail_memory() : 0;
}

/* Prints the rows of one answer, at most *rows_left, and takes them off it. */
static int print_rows(struct ctl_table *table, const struct ctl_answer *answer, int64_t *rows_left)
{
	bool json = table->ctl->format == FORMAT_JSON; /* only there is the row's own text wanted */
	struct slice at = json ? slice_member(answer->raw, "rows") : (struct slice){NULL, 0},
		     raw = at;
	const json_t *rows = json_object_get(answer->result, "rows"), *row;
	int status = 0;
	size_t i;

	if (!json_is_array(rows) || (json && !at.p))
		return ctl_fail(EXIT_PROTOCOL, "the daemon's answer to %s has no rows",
				table->ctl->verb->method);
	json_array_foreach(rows, i, row)
	{
		if (status != 0 || *rows_left == 0 || (json && !slice_next(&at, &raw)))
			break;
		status = table_add(table, row, raw);
		(*rows_left)--;
	}
	return status == 0 ? table_flush(table) : status;
}

/* The first page, asked for once more each time that somebody mended the question. */
static int ask_page(struct ctl *ctl, int64_t rows_left, struct ctl_answer *ret)
{
	int status;

	for (;;) {
		struct buf params = BUF_INIT(0);
		bool again = false;

		status = page_params(ctl, &params, rows_left, NULL);
		if (status == 0)
			status = ctl_try(ctl, ctl->verb->method, params.data, ret);
		buf_done(&params);
		if (ret->error) {
			again = ctl_mend(ctl, ret->error, &status);
			ctl_answer_done(ret);
		}
		if (!again)
			return status;
	}
}

/* Asks for the page behind @page, unless that was the last. *ret_id: as what; 0 not asked. status. */
static int ask_ahead(struct ctl *ctl, const struct ctl_answer *page, int64_t rows_left,
		     char **after, int64_t *ret_id)
{
	const json_t *next = json_object_get(page->result, "next");
	struct buf params = BUF_INIT(0);
	int status;

	*ret_id = 0;
	rows_left -= (int64_t)json_array_size(json_object_get(page->result, "rows"));
	if (!json_is_string(next) || rows_left <= 0)
		return 0;
	if (*after && streq(*after, json_string_value(next)))
		return ctl_fail(EXIT_PROTOCOL, "the daemon sends the same page of %s again",
				ctl->verb->method);
	free(*after);
	*after = strdup(json_string_value(next));
	status = *after ? page_params(ctl, &params, rows_left, *after) : ctl_fail_memory();
	if (status == 0)
		status = ctl_send(ctl, ctl->verb->method, params.data, ret_id);
	buf_done(&params);
	return status;
}

/* The pages behind @page, too. While one is printed the daemon looks up the next. */
static int print_pages(struct ctl *ctl, struct ctl_table *table, struct ctl_answer *page,
		       int64_t rows_left)
{
	_cleanup_(freep) char *after = NULL;
	bool gone = false;
	int64_t asked;
	int status;

	do {
		int ahead = ask_ahead(ctl, page, rows_left, &after, &asked);

		status = print_rows(table, page, &rows_left);
		if (status == 0)
			status = ctl_flush(&gone);
		ctl_answer_done(page);
		if (status == 0)
			status = ahead;
		if (status != 0 || gone || asked == 0)
			return status;
		status = ctl_wait(ctl, asked, page);
		if (page->error) {
			ctl_print_error(page->error);
			ctl_answer_done(page);
		}
	} while (status == 0);
	return status;
}

int ctl_print_list(struct ctl *ctl)
{
	const char *limit = ctl->verb->decl && ctl->verb->decl->shape == SHAPE_PAGE
				    ? ctl_value(ctl, "limit")
				    : NULL;
	int64_t rows_left = INT64_MAX;
	struct ctl_answer page = {};
	struct ctl_table table;
	int status = ctl->verb->decl ? ctl_ask_missing(ctl) : 0;

	if (status == 0 && limit)
		status = ctl_parse_int("--limit", limit, 1, INT64_MAX, &rows_left);
	if (status == 0)
		status = table_init(&table, ctl, ctl_columns(ctl), false);
	if (status != 0)
		return status;
	status = ask_page(ctl, rows_left, &page);
	if (status == 0)
		status = print_pages(ctl, &table, &page, rows_left);
	if (status == 0 && ctl->terminal && ctl->format == FORMAT_TABLE && !table.headed)
		ctl_fail(0, "there is nothing to show");
	table_done(&table);
	return status;
}

/* ---- one object ---- */

/* Columns from the members of the first of @rows, for a table of what one value
 * of the object holds. Caller frees with free(). */
static struct ctl_column *columns_of(const json_t *rows)
{
	json_t *first = json_array_get(rows, 0), *value;
	struct ctl_column *columns = calloc(json_object_size(first) + 1, sizeof(*columns));
	const char *name;
	size_t n = 0;

	if (!columns)
		return NULL;
	json_object_foreach(first, name, value)
	{
		enum ctl_type type = json_is_integer(value) ? TYPE_INT
				     : json_is_real(value)  ? TYPE_REAL
							    : TYPE_TEXT;

		/* a time is known by its form alone */
		if (json_is_string(value) && json_string_length(value) == TIME_LEN &&
		    json_string_value(value)[10] == 'T')
			type = TYPE_TIME;
		columns[n++] = (struct ctl_column){
			.path = name, .heading = name, .type = type, .decimals = type == TYPE_REAL};
	}
	return columns;
}

static int print_part(struct ctl *ctl, const struct ctl_column *column, const json_t *rows)
{
	_cleanup_(freep) struct ctl_column *columns = columns_of(rows);
	struct ctl_table table;
	const json_t *row;
	size_t i;
	int status;

	if (!columns)
		return ctl_fail_memory();
	status = table_init(&table, ctl, columns, false);
	if (status != 0)
		return status;
	printf("\n%s\n", column->heading);
	json_array_foreach(rows, i, row)
	{
		if (status == 0)
			status = table_add(&table, row, (struct slice){NULL, 0});
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

/* Lists of objects come below the other values, each as a table. */
static bool is_part(const json_t *value)
{
	return json_array_size(value) > 0 && json_is_object(json_array_get(value, 0));
}

static int print_parts(struct ctl *ctl, const json_t *object)
{
	int status = 0;

	for (const struct ctl_column *c = ctl->verb->columns; status == 0 && c->path; c++) {
		const json_t *value = json_object_get(object, c->path);

		if (is_part(value))
			status = print_part(ctl, c, value);
	}
	return status;
}

int ctl_print_whole(struct ctl *ctl, const struct ctl_answer *answer)
{
	json_t *rest;
	void *at, *after;
	int status;

	if (ctl->format != FORMAT_TABLE)
		return table_print_object(ctl, ctl_columns(ctl), answer->result, answer->raw);
	rest = json_copy(answer->result);
	for (at = json_object_iter(rest); at; at = after) {
		const json_t *value = json_object_iter_value(at);

		after = json_object_iter_next(rest, at);
		if (is_part(value) || (json_is_array(value) && json_array_size(value) == 0))
			json_object_del(rest, json_object_iter_key(at));
	}
	status = rest ? table_print_object(ctl, ctl->verb->columns, rest, answer->raw)
		      : ctl_fail_memory();
	json_decref(rest);
	return status == 0 ? print_parts(ctl, answer->result) : status;
}

int ctl_print_object(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	int status = ctl_ask(ctl, &answer);

	if (status == 0 && ctl->verb->decl)
		status = ctl_print_whole(ctl, &answer);
	else if (status == 0)
		status = table_print_object(ctl, ctl_columns(ctl), answer.result, answer.raw);
	ctl_answer_done(&answer);
	return status;
}
