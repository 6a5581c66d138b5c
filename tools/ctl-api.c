/* SPDX-License-Identifier: MIT */
/* api: the methods as rpc.discover (OpenRPC) describes them. */
#include "ctl-client.h"
#include "ctl-table.h"

/* "pen, [since], [limit=100]" */
static json_t *params_summary(const json_t *method)
{
	const json_t *param;
	struct buf b = BUF_INIT(0);
	json_t *text;
	size_t i;

	json_array_foreach(json_object_get(method, "params"), i, param)
	{
		const char *name = json_string_value(json_object_get(param, "name"));
		const json_t *fallback = path_get(param, "schema.default");
		bool required = json_is_true(json_object_get(param, "required"));

		buf_addf(&b, "%s%s%s", i ? ", " : "", required ? "" : "[", name ? name : "?");
		if (fallback && !json_is_null(fallback)) {
			static const struct ctl_column plain = {.type = TYPE_TEXT};

			buf_addc(&b, '=');
			cell_text(&plain, fallback, &b);
		}
		buf_adds(&b, required ? "" : "]");
	}
	text = json_string(b.data ? b.data : "");
	buf_done(&b);
	return text;
}

static int print_methods(struct ctl *ctl, const struct ctl_answer *answer)
{
	struct slice at = slice_member(answer->raw, "methods"), raw;
	const json_t *methods = json_object_get(answer->result, "methods");
	struct ctl_table table;
	int status;

	status = table_init(&table, ctl, ctl_api_columns, false);
	for (size_t i = 0; status == 0 && at.p && slice_next(&at, &raw); i++) {
		json_t *row = json_copy(json_array_get(methods, i));

		json_object_set_new(row, "params", params_summary(row));
		status = row ? table_add(&table, row, raw) : ctl_fail_memory();
		json_decref(row);
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

/* What a parameter's schema allows: "1 to 1000", "up to 32 bytes", "open, ended, cut". */
static json_t *allowed_text(const json_t *schema)
{
	static const struct ctl_column plain = {.type = TYPE_TEXT};
	const json_t *min = json_object_get(schema, "minimum"),
		     *max = json_object_get(schema, "maximum");
	const json_t *length = json_object_get(schema, "maxLength"),
		     *values = json_object_get(schema, "enum");
	const json_t *format = json_object_get(schema, "format");
	struct buf b = BUF_INIT(0);
	json_t *text;

	if (values) {
		cell_text(&plain, values, &b);
	} else if (min && max) {
		cell_text(&plain, min, &b);
		buf_adds(&b, " to ");
		cell_text(&plain, max, &b);
	} else if (min || max) {
		buf_adds(&b, min ? "from " : "up to ");
		cell_text(&plain, min ? min : max, &b);
	} else if (length) {
		buf_adds(&b, "up to ");
		cell_text(&plain, length, &b);
		buf_adds(&b, " characters");
	} else if (format) {
		cell_text(&plain, format, &b);
	}
	text = b.data ? json_string(b.data) : json_null();
	buf_done(&b);
	return text;
}

static int print_params(struct ctl *ctl, const json_t *params)
{
	struct ctl_table table;
	json_t *param;
	size_t i;
	int status;

	if (json_array_size(params) == 0)
		return 0;
	status = table_init(&table, ctl, ctl_param_columns, false);
	if (status == 0)
		putchar('\n');
	json_array_foreach(params, i, param)
	{
		json_t *row = json_copy(param);

		json_object_set_new(row, "allowed", allowed_text(json_object_get(param, "schema")));
		if (!json_object_get(row, "summary") && json_object_get(row, "description"))
			json_object_set(row, "summary", json_object_get(row, "description"));
		if (status == 0)
			status = table_add_made(&table, row);
		else
			json_decref(row);
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

/* What a row of the answer, or the answer itself, is made of. */
static int print_members(struct ctl *ctl, const json_t *method)
{
	static const struct ctl_column columns[] = {
		COLUMN("name", "answer", TEXT),
		COLUMN("type", "type", TEXT),
		COLUMN("description", "what it is", TEXT, .trunc = true),
		{},
	};
	json_t *members = (json_t *)path_get(method, "result.schema.properties"), *member;
	const json_t *of_row = path_get(members, "rows.items.properties");
	struct ctl_table table;
	const char *name;
	int status;

	if (of_row)
		members = (json_t *)of_row;
	if (json_object_size(members) == 0)
		return 0;
	status = table_init(&table, ctl, columns, false);
	if (status == 0)
		putchar('\n');
	json_object_foreach(members, name, member)
	{
		const json_t *type = json_object_get(member, "type");
		json_t *row = json_pack("{s:s,s:O*,s:O*}", "name", name, "type",
					json_is_array(type) ? json_array_get(type, 0) : type,
					"description", json_object_get(member, "description"));

		if (status == 0)
			status = table_add_made(&table, row);
		else
			json_decref(row);
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

static int explain(struct ctl *ctl, const struct ctl_answer *answer, const char *name)
{
	static const struct ctl_column columns[] = {
		COLUMN("name", "method", TEXT),
		COLUMN("summary", "what it does", TEXT),
		COLUMN("description", "more", TEXT),
		COLUMN("x-role", "role", TEXT),
		COLUMN("result.description", "answer", TEXT),
		{},
	};
	struct slice at = slice_member(answer->raw, "methods"), raw;
	const json_t *methods = json_object_get(answer->result, "methods");

	for (size_t i = 0; at.p && slice_next(&at, &raw); i++) {
		const json_t *method = json_array_get(methods, i);
		const char *found = json_string_value(json_object_get(method, "name"));
		int status;

		if (!found || !streq(found, name))
			continue;
		status = table_print_object(ctl, columns, method, raw);
		if (status == 0 && ctl->format == FORMAT_TABLE)
			status = print_params(ctl, json_object_get(method, "params"));
		if (status == 0 && ctl->format == FORMAT_TABLE)
			status = print_members(ctl, method);
		return status;
	}
	return ctl_fail(EXIT_NONE_SUCH,
			"the daemon has no method '%s'; `stipplectl api` lists them", name);
}

int ctl_api(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	int status;

	status = ctl_call(ctl, ctl->verb->method, NULL, &answer);
	if (status == 0)
		status = ctl->n_args == 0 ? print_methods(ctl, &answer)
					  : explain(ctl, &answer, ctl->args[0]);
	ctl_answer_done(&answer);
	return status;
}
