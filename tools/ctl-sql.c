/* SPDX-License-Identifier: MIT */
/* sql: one SELECT, its rows as any other table. */
#include "ctl-client.h"
#include "ctl-table.h"

#include "base/limits.h"

static int read_query(struct buf *ret)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_add(ret, piece, n);
	if (ferror(stdin))
		return ctl_fail(EXIT_NO_INPUT, "cannot read the query from stdin: %s",
				strerror(errno));
	if (ret->error < 0)
		return ctl_fail(EXIT_USAGE, "a query may be %d bytes long", LIMIT_SQL_BYTES);
	buf_addc(ret, '\0');
	return 0;
}

static int make_params(struct ctl *ctl, struct buf *ret)
{
	struct buf query = BUF_INIT(LIMIT_SQL_BYTES);
	int64_t limit;
	int status = 0;

	if (streq(ctl->args[0], "-"))
		status = read_query(&query);
	if (status == 0 && *(query.data ? query.data : ctl->args[0]) == '\0')
		status = ctl_fail(EXIT_USAGE, "the query is empty; see `stipplectl sql --help`");
	if (status == 0) {
		json_open(ret, '{');
		json_kv_text(ret, "sql", query.data ? query.data : ctl->args[0]);
	}
	buf_done(&query);
	if (status == 0 && ctl->option[OPT_LIMIT]) {
		status = ctl_parse_int("--limit", ctl->option[OPT_LIMIT], 1, LIMIT_ROWS, &limit);
		if (status == 0)
			json_kv_int(ret, "limit", limit);
	}
	if (status == 0)
		json_close(ret, '}');
	return status == 0 && ret->error < 0 ? ctl_fail_memory() : status;
}

/* Numbers are right-aligned: the first value of the column that is not null says which it is. */
static enum ctl_type type_of(const json_t *rows, size_t column)
{
	const json_t *row, *value;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		value = json_array_get(row, column);
		if (value && !json_is_null(value))
			return json_is_integer(value) ? TYPE_INT : TYPE_TEXT;
	}
	return TYPE_TEXT;
}

/* One row as an object with the columns' names, in their order. */
static void add_object(struct buf *b, const struct ctl_column *columns, struct slice row)
{
	struct slice value;

	json_open(b, '{');
	for (; columns->path && slice_next(&row, &value); columns++) {
		json_key(b, columns->path);
		json_raw(b, value.p, value.len);
	}
	json_close(b, '}');
}

static int print_rows(struct ctl *ctl, const struct ctl_answer *answer,
		      const struct ctl_column *columns)
{
	struct slice at = slice_member(answer->raw, "rows"), raw;
	const json_t *rows = json_object_get(answer->result, "rows");
	struct buf object = BUF_INIT(0);
	struct ctl_table table;
	int status;

	status = table_init(&table, ctl, columns, true);
	for (size_t i = 0; status == 0 && at.p && slice_next(&at, &raw); i++) {
		if (ctl->format == FORMAT_JSON) {
			buf_reset(&object);
			add_object(&object, columns, raw);
			raw = (struct slice){object.data, object.len};
			if (object.error < 0)
				status = ctl_fail_memory();
		}
		if (status == 0)
			status = table_add(&table, json_array_get(rows, i), raw);
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	buf_done(&object);
	return status;
}

int ctl_sql(struct ctl *ctl)
{
	_cleanup_(freep) struct ctl_column *columns = NULL;
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	const json_t *names = NULL, *rows = NULL;
	size_t n = 0;
	int status;

	status = make_params(ctl, &params);
	if (status == 0)
		status = ctl_call(ctl, ctl->verb->method, params.data, &answer);
	if (status == 0) {
		names = json_object_get(answer.result, "columns");
		rows = json_object_get(answer.result, "rows");
		n = json_array_size(names);
		columns = calloc(n + 1, sizeof(*columns));
		if (!columns)
			status = ctl_fail_memory();
	}
	for (size_t i = 0; status == 0 && i < n; i++) {
		const char *name = json_string_value(json_array_get(names, i));

		columns[i].path = columns[i].heading = name ? name : "?";
		columns[i].type = type_of(rows, i);
	}
	if (status == 0)
		status = print_rows(ctl, &answer, columns);
	if (status == 0 && json_is_true(json_object_get(answer.result, "truncated")))
		ctl_fail(0, "these are the first %zu rows, there are more; --limit takes up to %d",
			 json_array_size(rows), LIMIT_ROWS);
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}
