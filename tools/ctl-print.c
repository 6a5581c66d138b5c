/* SPDX-License-Identifier: MIT */
/* The verbs that print what a method answers, as their line in the table says. */
#include "ctl-client.h"
#include "ctl-table.h"

#include "base/limits.h"

#define PAGE_ROWS 1000 /* asked for at once: what run.list gives at most */

/* The verb's parameters, and where to go on. Caller frees ret->data with buf_done() also on
 * failure. */
static int page_params(struct ctl *ctl, struct buf *ret, int64_t rows_left, const char *after)
{
	int status = ctl_params(ctl, ret);

	if (status != 0)
		return status;
	if (ctl->verb->options & CTL_OPTION(OPT_LIMIT))
		json_kv_int(ret, "limit", MIN(rows_left, (int64_t)PAGE_ROWS));
	if (after)
		json_kv_text(ret, "after", after);
	json_close(ret, '}');
	return ret->error < 0 ? ctl_fail_memory() : 0;
}

/* Prints the rows of one answer, at most *rows_left, and takes them off it. */
static int print_rows(struct ctl_table *table, const struct ctl_answer *answer, int64_t *rows_left)
{
	struct slice at = slice_member(answer->raw, "rows"), raw;
	const json_t *rows = json_object_get(answer->result, "rows");
	int status = 0;

	if (!json_is_array(rows) || !at.p)
		return ctl_fail(EXIT_PROTOCOL, "the daemon's answer to %s has no rows",
				table->ctl->verb->method);
	for (size_t i = 0; status == 0 && *rows_left > 0 && slice_next(&at, &raw);
	     i++, (*rows_left)--)
		status = table_add(table, json_array_get(rows, i), raw);
	return status == 0 ? table_flush(table) : status;
}

/* One page. *after is where the next one begins, or NULL when this was the last. */
static int print_page(struct ctl *ctl, struct ctl_table *table, int64_t *rows_left, char **after)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	const json_t *next;
	char *before = TAKE_PTR(*after);
	bool gone = false;
	int status;

	status = page_params(ctl, &params, *rows_left, before);
	if (status == 0)
		status = ctl_call(ctl, ctl->verb->method, params.data, &answer);
	if (status == 0)
		status = print_rows(table, &answer, rows_left);
	if (status == 0)
		status = ctl_flush(&gone);
	next = json_object_get(answer.result, "next");
	if (status == 0 && !gone && *rows_left > 0 && json_is_string(next)) {
		if (before && streq(before, json_string_value(next)))
			status = ctl_fail(EXIT_PROTOCOL,
					  "the daemon sends the same page of %s again",
					  ctl->verb->method);
		else if (!(*after = strdup(json_string_value(next))))
			status = ctl_fail_memory();
	}
	ctl_answer_done(&answer);
	buf_done(&params);
	free(before);
	return status;
}

int ctl_print_list(struct ctl *ctl)
{
	_cleanup_(freep) char *after = NULL;
	int64_t rows_left = INT64_MAX;
	struct ctl_table table;
	int status = 0;

	if (ctl->option[OPT_LIMIT])
		status = ctl_parse_int("--limit", ctl->option[OPT_LIMIT], 1, INT64_MAX, &rows_left);
	if (status == 0)
		status = table_init(&table, ctl, ctl->verb->columns, false);
	if (status != 0)
		return status;
	do
		status = print_page(ctl, &table, &rows_left, &after);
	while (status == 0 && after);
	if (status == 0 && ctl->terminal && ctl->format == FORMAT_TABLE && !table.headed)
		ctl_fail(0, "there are no such %s", ctl->verb->name);
	table_done(&table);
	return status;
}

int ctl_print_object(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	int status;

	status = ctl_params(ctl, &params);
	json_close(&params, '}');
	if (status == 0)
		status = ctl_call(ctl, ctl->verb->method, params.data, &answer);
	if (status == 0)
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}
