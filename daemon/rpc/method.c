/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "client.h"
#include "method.h"
#include "method_pen.h"
#include "server_internal.h"

const struct native *const natives[] = {
	&method_backup_read,	  &method_backup_start,
	&method_backup_status,	  &method_daemon_status,
	&method_events_subscribe, &method_events_unsubscribe,
	&method_key_export,	  &method_pen_get,
	&method_pen_identify,	  &method_pen_list,
	&method_record_verified,  &method_rpc_discover,
	&method_sql_query,	  NULL,
};

const struct native *native_find(const char *method)
{
	for (size_t i = 0; natives[i]; i++)
		if (streq(natives[i]->decl.method, method))
			return natives[i];
	return NULL;
}

static const char *type_wanted(enum db_type type)
{
	switch (type) {
	case DB_INT:
		return "an integer";
	case DB_REAL:
		return "a number";
	case DB_TEXT:
		return "text";
	case DB_BOOL:
		return "true or false";
	case DB_TIME:
		return "a time as RFC 3339 has it, like \"2026-11-20T09:30:00Z\"";
	case DB_REF:
		return "the number of a record, or text that names it";
	case DB_DATE:
		return "a day like \"2026-11-20\"";
	case DB_EXPIRY:
		return "a day like \"2027-05-31\" or a month like \"2027-05\"";
	case DB_LIST:
		return "an array of texts";
	case DB_JSON:
		return "an object or an array";
	}
	assert(!"a parameter type without a name");
	return "";
}

static bool type_matches(enum db_type type, const json_t *value)
{
	switch (type) {
	case DB_INT:
		return json_is_integer(value);
	case DB_REAL:
		return json_is_number(value);
	case DB_TEXT:
	case DB_TIME:
	case DB_DATE:
	case DB_EXPIRY:
		return json_is_string(value);
	case DB_REF:
		return json_is_string(value) || json_is_integer(value);
	case DB_LIST:
		return json_is_array(value);
	case DB_JSON:
		return json_is_array(value) || json_is_object(value);
	case DB_BOOL:
		return json_is_boolean(value);
	}
	return false;
}

static bool refuse_type(const struct db_param *param, const char *wanted, struct rpc_problem *p)
{
	rpc_problem_set(p, RPC_PARAMS, "%s: must be %s", param->name, wanted);
	json_kv_text(&p->data, "parameter", param->name);
	json_kv_text(&p->data, "allowed", wanted);
	return false;
}

void method_values(struct buf *b, const struct db_param *param)
{
	json_open(b, '[');
	for (const char *v = param->values; *v;) {
		size_t n = strcspn(v, "|");

		json_textn(b, v, n);
		v += n + (v[n] == '|');
	}
	json_close(b, ']');
}

/* The bound of @param that @value broke. */
static int64_t broken_bound(const struct db_param *param, const json_t *value)
{
	double n = json_is_string(value) ? (double)json_string_length(value)
					 : json_number_value(value);

	if (n < (double)param->min)
		return param->min;
	if (param->type == DB_REF)
		return LIMIT_REF;
	return param->type != DB_INT && param->type != DB_REAL && param->max == INT64_MAX
		       ? LIMIT_TEXT
		       : param->max;
}

/* Says in `data` what the sentence says, so that a program need not read it. */
static bool refuse_value(const struct db_param *param, const json_t *value, int error,
			 const char *sentence, struct rpc_problem *p)
{
	rpc_problem_set(p, error == -ENOMEM ? RPC_INTERNAL : RPC_PARAMS, "%s", sentence);
	json_kv_text(&p->data, "parameter", param->name);
	if (error == -ERANGE) {
		json_kv_int(&p->data, "limit", broken_bound(param, value));
	} else if (error == -EINVAL) {
		json_key(&p->data, "allowed");
		if (param->values)
			method_values(&p->data, param);
		else
			json_text(&p->data, type_wanted(param->type));
	}
	return false;
}

/* A scalar as the text that db_query_set() reads. Borrowed from @value or written to @room. */
static const char *scalar_text(const json_t *value, char room[32], size_t *ret_len)
{
	const char *text = room;

	switch (json_typeof(value)) {
	case JSON_STRING:
		*ret_len = json_string_length(value);
		return json_string_value(value);
	case JSON_INTEGER:
		snprintf(room, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(room, 32, "%.17g", json_real_value(value));
		break;
	default:
		text = json_is_true(value) ? "true" : "false";
	}
	*ret_len = strlen(text);
	return text;
}

/* A list of texts, each checked, or any JSON: bound as its text. */
static bool bind_json(struct call *call, size_t i, json_t *value, struct rpc_problem *p)
{
	const struct db_param *param = &call->query->params[i];
	_cleanup_(freep) char *text = NULL;
	char sentence[256] = "";
	size_t index;
	json_t *item;
	int r;

	if (param->type == DB_LIST && json_array_size(value) > LIMIT_LIST_ITEMS) {
		rpc_problem_set(p, RPC_PARAMS, "%s: at most %d items", param->name,
				LIMIT_LIST_ITEMS);
		json_kv_text(&p->data, "parameter", param->name);
		json_kv_int(&p->data, "limit", LIMIT_LIST_ITEMS);
		return false;
	}
	for (index = 0; param->type == DB_LIST && index < json_array_size(value); index++) {
		item = json_array_get(value, index);
		if (!json_is_string(item))
			return refuse_type(param, type_wanted(DB_LIST), p);
		r = db_query_check_item(param, json_string_value(item), json_string_length(item),
					sentence);
		if (r < 0)
			return refuse_value(param, item, r, sentence, p);
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	r = text ? db_query_set(call->job, i, text, strlen(text), sentence) : -ENOMEM;
	return r == 0 || refuse_value(param, value, r, sentence, p);
}

static bool bind_scalar(struct call *call, size_t i, json_t *value, struct rpc_problem *p)
{
	const struct db_param *param = &call->query->params[i];
	char room[32], sentence[256] = "";
	const char *text;
	size_t len;
	int r;

	if (!type_matches(param->type, value))
		return refuse_type(param, type_wanted(param->type), p);
	if (param->type == DB_LIST || param->type == DB_JSON)
		return bind_json(call, i, value, p);
	text = scalar_text(value, room, &len);
	if (param->type == DB_REF && json_is_integer(value)) {
		memmove(room + 1, room, len + 1);
		room[0] = '#';
		len++;
	}
	/* People type the start of a serial number; whatever asks about a pen gets the whole. */
	if (param->type == DB_TEXT && streq(param->name, "pen")) {
		text = pen_resolve(call->client->server->manager, text, p);
		if (!text)
			return false;
		len = strlen(text);
	}
	r = db_query_set(call->job, i, text, len, sentence);
	return r == 0 || refuse_value(param, value, r, sentence, p);
}

/* Each item is checked as a value of the parameter; the list itself stays JSON. */
static bool bind_list(struct call *call, size_t i, json_t *value, struct rpc_problem *p)
{
	const struct db_param *param = &call->query->params[i];
	char room[32], sentence[256] = "";
	const char *text;
	size_t index, len;
	json_t *item;
	int r;

	if (!json_is_array(value))
		return refuse_type(param, "an array", p);
	json_array_foreach(value, index, item)
	{
		if (!type_matches(param->type, item))
			return refuse_type(
				param, log_fmt("an array; each item %s", type_wanted(param->type)),
				p);
		text = scalar_text(item, room, &len);
		r = db_query_set(call->job, i, text, len, sentence);
		if (r < 0)
			return refuse_value(param, item, r, sentence, p);
	}
	call->list[i] = value;
	return true;
}

static bool bind_one(struct call *call, size_t i, json_t *value, struct rpc_problem *p)
{
	if (json_is_null(value))
		return true;
	if (call->native && (call->native->lists & UINT32_C(1) << i))
		return bind_list(call, i, value, p);
	return bind_scalar(call, i, value, p);
}

static bool refuse_unknown(const struct db_query *query, const char *name, struct rpc_problem *p)
{
	rpc_problem_set(p, RPC_PARAMS, "%s has no parameter %.64s", query->method, name);
	json_key(&p->data, "parameter");
	json_textn(&p->data, name, MIN(strlen(name), (size_t)64));
	json_key(&p->data, "allowed");
	json_open(&p->data, '[');
	for (size_t i = 0; i < query->n_params; i++)
		json_text(&p->data, query->params[i].name);
	json_close(&p->data, ']');
	return false;
}

static bool bind_named(struct call *call, json_t *params, struct rpc_problem *p)
{
	const struct db_query *query = call->query;
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value)
	{
		size_t i = 0;

		while (i < query->n_params && !streq(query->params[i].name, name))
			i++;
		if (i == query->n_params)
			return refuse_unknown(query, name, p);
		if (!bind_one(call, i, value, p))
			return false;
	}
	return true;
}

static bool bind_positional(struct call *call, json_t *params, struct rpc_problem *p)
{
	size_t i;
	json_t *value;

	if (json_array_size(params) > call->query->n_params) {
		rpc_problem_set(p, RPC_PARAMS, "%s has %zu parameters", call->query->method,
				call->query->n_params);
		json_kv_int(&p->data, "limit", (int64_t)call->query->n_params);
		return false;
	}
	json_array_foreach(params, i, value) if (!bind_one(call, i, value, p)) return false;
	return true;
}

/* Names are personal: a viewer, who may not read them, may not find out by asking either. */
static bool may_name(struct call *call, struct rpc_problem *p)
{
	const struct db_query *q = call->query;
	char hint[160];

	if (call->client->peer.role >= ROLE_OPERATOR)
		return true;
	for (size_t i = 0; i < q->n_params; i++) {
		const struct db_value *v = &call->job->value[i];
		const char *noun;
		const struct db_resolve *how;

		if (q->params[i].type != DB_REF || !v->text)
			continue;
		noun = db_ref_noun(q, call->job->value, &q->params[i]);
		how = noun ? db_resolve_find(noun) : NULL;
		if (!how || !how->personal)
			continue;
		rpc_problem_set(p, RPC_PERMISSION,
				"%s: give the number of the record, such as #17: to name it by "
				"text needs the role operator",
				q->params[i].name);
		roles_hint(&call->client->server->roles, ROLE_OPERATOR, hint);
		json_kv_text(&p->data, "parameter", q->params[i].name);
		json_kv_text(&p->data, "role", db_role_name(ROLE_OPERATOR));
		json_kv_text(&p->data, "hint", hint);
		return false;
	}
	return true;
}

bool method_bind(struct call *call, json_t *params, struct rpc_problem *p)
{
	const struct db_query *query = call->query;
	char sentence[256] = "";

	if (json_is_null(params))
		params = NULL;
	if (params && !json_is_object(params) && !json_is_array(params)) {
		rpc_problem_set(p, RPC_REQUEST,
				"params is an object, or an array in the declared order");
		return false;
	}
	if (json_is_object(params) && !bind_named(call, params, p))
		return false;
	if (json_is_array(params) && !bind_positional(call, params, p))
		return false;
	for (size_t i = 0; i < query->n_params; i++)
		if (query->params[i].required && !call->job->value[i].set) {
			rpc_problem_set(p, RPC_PARAMS, "%s needs the parameter %s", query->method,
					query->params[i].name);
			json_kv_text(&p->data, "parameter", query->params[i].name);
			return false;
		}
	if (db_query_bind(call->job, sentence) < 0) {
		rpc_problem_set(p, RPC_PARAMS, "%s", sentence);
		return false;
	}
	return may_name(call, p);
}
