/* SPDX-License-Identifier: MIT */
/* rpc.discover: the OpenRPC document, made from the same declarations that dispatch and check. */
#include <stdio.h>

#include "method.h"
#include "server_internal.h"

#define API_VERSION                                                                                \
	"1.0.0" /* members are only added, never changed or taken away, while the first number     \
		   stays */

/* ---- schemas ---- */

/* The type's own members of a schema, without braces. */
static void schema_type(struct buf *b, enum db_type type)
{
	static const char *const types[] = {
		[DB_INT] = "\"integer\"",
		[DB_REAL] = "\"number\"",
		[DB_TEXT] = "\"string\"",
		[DB_BOOL] = "\"boolean\"",
		[DB_TIME] = "\"string\"",
		[DB_REF] = "[\"integer\",\"string\"]",
		[DB_DATE] = "\"string\"",
		[DB_EXPIRY] = "\"string\"",
		[DB_LIST] = "\"string\"", /* its items */
		[DB_JSON] = "[\"object\",\"array\"]",
	};

	json_key(b, "type");
	json_raw(b, types[type], strlen(types[type]));
	if (type == DB_TIME)
		json_kv_text(b, "format", "date-time");
	if (type == DB_DATE)
		json_kv_text(b, "format", "date");
	if (type == DB_EXPIRY)
		json_kv_text(b, "pattern", "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$");
}

static void schema_bounds(struct buf *b, const struct db_param *p)
{
	bool text = p->type == DB_TEXT || p->type == DB_LIST;

	if (p->type != DB_INT && p->type != DB_REAL && !text)
		return;
	if (p->min != INT64_MIN && !(text && p->min <= 0))
		json_kv_int(b, text ? "minLength" : "minimum", p->min);
	if (p->max != INT64_MAX && !p->values)
		json_kv_int(b, text ? "maxLength" : "maximum", p->max);
}

static void schema_param(struct buf *b, const struct db_param *p, bool list)
{
	json_open(b, '{');
	if (list) {
		json_kv_text(b, "type", "array");
		if (p->type == DB_LIST)
			json_kv_int(b, "maxItems", LIMIT_LIST_ITEMS);
		json_key(b, "items");
		json_open(b, '{');
	}
	schema_type(b, p->type);
	schema_bounds(b, p);
	if (p->values) {
		json_key(b, "enum");
		method_values(b, p);
	}
	if (list)
		json_close(b, '}');
	if (p->fallback) {
		json_key(b, "default");
		if (p->type == DB_TEXT || p->type == DB_TIME)
			json_text(b, p->fallback);
		else
			json_raw(b, p->fallback, strlen(p->fallback));
	}
	if (p->type == DB_REF)
		json_kv_text(b, "x-noun", p->noun);
	if (p->personal)
		json_kv_bool(b, "x-personal", true);
	json_close(b, '}');
}

static void schema_column(struct buf *b, const struct db_column *c)
{
	static const char *const types[] = {
		[COLUMN_INT] = "[\"integer\",\"null\"]", [COLUMN_REAL] = "[\"number\",\"null\"]",
		[COLUMN_TEXT] = "[\"string\",\"null\"]", [COLUMN_BOOL] = "[\"boolean\",\"null\"]",
		[COLUMN_TIME] = "[\"string\",\"null\"]", [COLUMN_HEX] = "[\"string\",\"null\"]",
	};

	json_open(b, '{');
	json_kv_text(b, "description", c->doc);
	if (c->type != COLUMN_JSON) {
		json_key(b, "type");
		json_raw(b, types[c->type], strlen(types[c->type]));
	}
	if (c->type == COLUMN_TIME)
		json_kv_text(b, "format", "date-time");
	json_close(b, '}');
}

static void schema_row(struct buf *b, const struct db_query *q)
{
	json_open(b, '{');
	json_kv_text(b, "type", "object");
	json_key(b, "properties");
	json_open(b, '{');
	for (size_t i = 0; i < q->n_columns; i++) {
		json_key(b, q->columns[i].name);
		schema_column(b, &q->columns[i]);
	}
	json_close(b, '}');
	json_close(b, '}');
}

static void schema_result(struct buf *b, const struct db_query *q)
{
	if (q->shape == SHAPE_OBJECT || q->shape == SHAPE_CYCLES || q->shape == SHAPE_MOMENT) {
		schema_row(b, q);
		return;
	}
	json_open(b, '{');
	json_kv_text(b, "type", "object");
	json_key(b, "properties");
	json_open(b, '{');
	json_key(b, "rows");
	json_open(b, '{');
	json_kv_text(b, "type", "array");
	json_key(b, "items");
	schema_row(b, q);
	json_close(b, '}');
	if (q->shape == SHAPE_PAGE) {
		json_key(b, "next");
		json_open(b, '{');
		json_kv_text(b, "description", "Give it as `after` to go on; null at the end.");
		json_key(b, "type");
		json_open(b, '[');
		json_text(b, "string");
		json_text(b, "null");
		json_close(b, ']');
		json_close(b, '}');
	}
	json_close(b, '}');
	json_close(b, '}');
}

/* ---- methods ---- */

static bool has_param(const struct db_query *q, const char *name)
{
	for (size_t i = 0; i < q->n_params; i++)
		if (streq(q->params[i].name, name))
			return true;
	return false;
}

static bool has_ref(const struct db_query *q)
{
	for (size_t i = 0; i < q->n_params; i++)
		if (q->params[i].type == DB_REF)
			return true;
	return false;
}

/* Whether @method can answer with @code, by what it is; natives name more themselves. */
static bool gives_error(const struct db_query *q, const struct native *native, enum rpc_code code)
{
	for (size_t i = 0; native && native->errors[i]; i++)
		if (native->errors[i] == code)
			return true;
	switch (code) {
	case RPC_INTERNAL:
	case RPC_LIMIT:
	case RPC_PERMISSION:
		return true;
	case RPC_PARAMS:
		return q->n_params > 0;
	case RPC_NOT_FOUND:
		return has_param(q, "pen") || has_ref(q) ||
		       (!native && q->shape != SHAPE_LIST && q->shape != SHAPE_PAGE);
	case RPC_AMBIGUOUS:
		return has_param(q, "pen") || has_ref(q);
	case RPC_DEADLINE:
		return !native;
	case RPC_CONFLICT:
	case RPC_STORAGE:
		return !native && db_change_find(q->method);
	default:
		return false;
	}
}

static void discover_errors(struct buf *b, const struct db_query *q, const struct native *native)
{
	char ref[64];

	json_key(b, "errors");
	json_open(b, '[');
	for (const struct rpc_error_doc *e = rpc_errors; e->code; e++) {
		if (!gives_error(q, native, e->code))
			continue;
		snprintf(ref, sizeof(ref), "#/components/errors/%s", e->name);
		json_open(b, '{');
		json_kv_text(b, "$ref", ref);
		json_close(b, '}');
	}
	json_close(b, ']');
}

static void discover_method(struct buf *b, const struct db_query *q, const struct native *native)
{
	json_open(b, '{');
	json_kv_text(b, "name", q->method);
	json_kv_text(b, "summary", q->doc);
	json_kv_text(b, "x-role", db_role_name(q->role));
	if (!native && db_change_find(q->method))
		json_kv_text(b, "x-changes", db_change_find(q->method)->noun);
	json_kv_text(b, "paramStructure", "either");
	json_key(b, "params");
	json_open(b, '[');
	for (size_t i = 0; i < q->n_params; i++) {
		const struct db_param *p = &q->params[i];

		json_open(b, '{');
		json_kv_text(b, "name", p->name);
		json_kv_text(b, "summary", p->doc);
		json_kv_bool(b, "required", p->required);
		json_key(b, "schema");
		schema_param(b, p, p->type == DB_LIST || (native && (native->lists & 1u << i)));
		json_close(b, '}');
	}
	json_close(b, ']');
	json_key(b, "result");
	json_open(b, '{');
	json_kv_text(b, "name", "result");
	json_key(b, "schema");
	if (native)
		json_raw(b, native->result, strlen(native->result));
	else
		schema_result(b, q);
	json_close(b, '}');
	discover_errors(b, q, native);
	json_close(b, '}');
}

/* All methods in the order of their names: what is found first does not depend on who answers it.
 */
static void discover_methods(struct buf *b)
{
	const char *done = "";

	json_key(b, "methods");
	json_open(b, '[');
	for (;;) {
		const struct db_query *next = NULL;
		const struct native *native = NULL;

		for (size_t i = 0; natives[i]; i++)
			if (strcmp(natives[i]->decl.method, done) > 0 &&
			    (!next || strcmp(natives[i]->decl.method, next->method) < 0)) {
				native = natives[i];
				next = &native->decl;
			}
		for (size_t i = 0; i < db_n_queries; i++)
			if (strcmp(db_queries[i].method, done) > 0 &&
			    (!next || strcmp(db_queries[i].method, next->method) < 0)) {
				native = NULL;
				next = &db_queries[i];
			}
		for (size_t i = 0; i < db_n_changes; i++)
			if (db_changes[i].decl.role != ROLE_DAEMON &&
			    strcmp(db_changes[i].decl.method, done) > 0 &&
			    (!next || strcmp(db_changes[i].decl.method, next->method) < 0)) {
				native = NULL;
				next = &db_changes[i].decl;
			}
		if (!next)
			break;
		discover_method(b, next, native);
		done = next->method;
	}
	json_close(b, ']');
}

/* ---- the rest ---- */

static void discover_components(struct buf *b)
{
	json_key(b, "components");
	json_open(b, '{');
	json_key(b, "errors");
	json_open(b, '{');
	for (const struct rpc_error_doc *e = rpc_errors; e->code; e++) {
		json_key(b, e->name);
		json_open(b, '{');
		json_kv_int(b, "code", e->code);
		json_kv_text(b, "message", e->doc);
		json_close(b, '}');
	}
	json_close(b, '}');
	json_close(b, '}');
}

static void discover_limits(struct buf *b)
{
	static const struct {
		const char *name;
		int64_t value;
	} limits[] = {
		{"line_bytes", LIMIT_LINE_BYTES},
		{"json_depth", LIMIT_JSON_DEPTH},
		{"json_values", LIMIT_JSON_VALUES},
		{"batch", LIMIT_BATCH},
		{"in_flight", LIMIT_INFLIGHT},
		{"clients", LIMIT_CLIENTS},
		{"unread_answer_bytes", LIMIT_UNREAD_BYTES},
		{"unread_event_bytes", LIMIT_EVENT_BYTES},
		{"result_bytes", LIMIT_RESULT_BYTES},
		{"query_seconds", QUERY_DEADLINE_US / USEC_PER_SEC},
	};

	json_key(b, "x-limits");
	json_open(b, '{');
	for (size_t i = 0; i < ELEMENTSOF(limits); i++)
		json_kv_int(b, limits[i].name, limits[i].value);
	json_close(b, '}');
}

static const char notifications[] =
	"[{\"name\":\"event\",\"summary\":\"Sent after events.subscribe; params has these "
	"members.\",\"params\":{\"oneOf\":["
	"{\"title\":\"live\",\"type\":\"object\",\"properties\":{"
	"\"stream\":{\"const\":\"live\"},"
	"\"n\":{\"type\":\"integer\",\"description\":\"Number of the event; grows, and skips what "
	"was not asked for.\"},"
	"\"kind\":{\"enum\":[\"state\",\"status\",\"cycles\",\"audit.finding\"]},"
	"\"at\":{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"When it was "
	"received.\"},"
	"\"pen\":{\"type\":\"string\",\"description\":\"Serial number; absent from a finding of no pen.\"},"
	"\"data\":{\"type\":\"object\",\"description\":\"state: state, port, trouble. status: "
	"running, battery_percent, motor_mv, "
	"motor_ma, temperature_c, charging. cycles: run, index, count, start, frequency_hz, "
	"depth_um, period_us, depths_um; null is "
	"unknown. audit.finding: finding, rule, severity, session, client, lot, at, says, do; what "
	"does not apply is absent.\"}}},"
	"{\"title\":\"live gap\",\"type\":\"object\",\"properties\":{"
	"\"stream\":{\"const\":\"live\"},\"kind\":{\"const\":\"gap\"},\"at\":{\"type\":\"string\","
	"\"format\":\"date-time\"},"
	"\"from\":{\"type\":\"integer\",\"description\":\"First event that was dropped.\"},"
	"\"to\":{\"type\":\"integer\",\"description\":\"Last event that was dropped.\"}}},"
	"{\"title\":\"durable\",\"type\":\"object\",\"properties\":{"
	"\"stream\":{\"const\":\"durable\"},"
	"\"cursor\":{\"type\":\"integer\",\"description\":\"Number of the entry; subscribe with "
	"after=cursor to go on behind it.\"},"
	"\"kind\":{\"type\":\"string\",\"description\":\"The entry's action: pen.add, run.add, "
	"...\"},"
	"\"at\":{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"When it was "
	"recorded.\"},"
	"\"pen\":{\"type\":\"string\",\"description\":\"Serial number; absent when it is of no "
	"pen.\"},"
	"\"data\":{\"type\":\"object\",\"description\":\"The entry's content.\"}}}]}}]";

static void write_document(struct buf *b)
{
	json_open(b, '{');
	json_kv_text(b, "openrpc", "1.3.2");
	json_key(b, "info");
	json_open(b, '{');
	json_kv_text(b, "title", "stipple");
	json_kv_text(b, "version", API_VERSION);
	json_kv_text(b, "description",
		     "What the daemon of a clinic's pens answers: JSON-RPC 2.0 on a Unix socket, "
		     "one JSON text a line. Times are "
		     "RFC 3339, numbers with a unit carry it at the end of their names.");
	json_close(b, '}');
	discover_methods(b);
	discover_components(b);
	json_key(b, "x-notifications");
	json_raw(b, notifications, sizeof(notifications) - 1);
	discover_limits(b);
	json_close(b, '}');
}

static void rpc_discover_run(struct call *call)
{
	/* It follows from the program alone, and takes milliseconds to write: kept from the first
	 * to ask. */
	static struct buf document = {.limit = LIMIT_RESULT_BYTES};
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RESULT_BYTES);

	if (document.len == 0)
		write_document(&document);
	b.error = document.error;
	if (b.error)
		buf_done(&document); /* to be tried again */
	else
		buf_add(&b, document.data, document.len);
	call_result(call, &b);
}

const struct native method_rpc_discover = {
	.decl =
		{
			.method = "rpc.discover",
			.doc = "This document: every method with its parameters, limits, result, "
			       "errors and the role it needs.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
		},
	.result = "{\"type\":\"object\",\"description\":\"OpenRPC 1.3.2.\"}",
	.run = rpc_discover_run,
};
