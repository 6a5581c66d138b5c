/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "client.h"
#include "method.h"
#include "server_internal.h"

const struct rpc_error_doc rpc_errors[] = {
	{RPC_PARSE, "parse-error", "The line is not JSON."},
	{RPC_REQUEST, "invalid-request", "The JSON is not a request."},
	{RPC_METHOD, "method-not-found", "There is no such method; rpc.discover lists all."},
	{RPC_PARAMS, "invalid-params",
	 "A parameter is unknown, missing, of another type or out of range; data names it."},
	{RPC_INTERNAL, "internal-error", "A mistake of the daemon's; its log says more."},
	{RPC_NOT_FOUND, "not-found", "There is no such pen, run or other object."},
	{RPC_PERMISSION, "permission-denied",
	 "The role needed is another; data says which group gives it."},
	{RPC_LIMIT, "limit-reached",
	 "Too much at once: requests, clients, bytes, depth, rows; data names the limit."},
	{RPC_DEADLINE, "deadline-passed", "The answer would have taken too long."},
	{RPC_CONFLICT, "conflict",
	 "It contradicts what is in the record, the record has moved on (data has its version), or "
	 "the "
	 "request_id was used before with other content."},
	{RPC_AWAY, "pen-not-connected", "The pen is known, but not there to do it."},
	{RPC_STORAGE, "storage-failing", "The database cannot be written now."},
	{RPC_AMBIGUOUS, "ambiguous", "Several pens or records match; data lists the candidates."},
	{RPC_UNSUPPORTED, "not-supported", "The pen cannot do that."},
	{0, NULL, NULL},
};

void rpc_problem_set(struct rpc_problem *p, enum rpc_code code, const char *format, ...)
{
	va_list ap;

	p->code = code;
	va_start(ap, format);
	vsnprintf(p->message, sizeof(p->message), format, ap);
	va_end(ap);
}

/* The error that a refusal by the database is. */
static void rpc_problem_refusal(struct rpc_problem *p, const struct db_refusal *refusal)
{
	static const enum rpc_code codes[] = {
		[REFUSE_NOTHING] = RPC_INTERNAL,    [REFUSE_CONFLICT] = RPC_CONFLICT,
		[REFUSE_MISSING] = RPC_PARAMS,	    [REFUSE_INVALID] = RPC_PARAMS,
		[REFUSE_NOT_FOUND] = RPC_NOT_FOUND, [REFUSE_AMBIGUOUS] = RPC_AMBIGUOUS,
		[REFUSE_INTERNAL] = RPC_INTERNAL,
	};

	rpc_problem_set(p, codes[refusal->code], "%s", refusal->text);
	if (refusal->parameter[0])
		json_kv_text(&p->data, "parameter", refusal->parameter);
	if (refusal->data.len > 0) {
		if (p->data.len > 0)
			buf_addc(&p->data, ',');
		buf_add(&p->data, refusal->data.data, refusal->data.len);
	}
}

static void rpc_problem_encode(const struct rpc_problem *p, struct buf *out)
{
	json_open(out, '{');
	json_kv_int(out, "code", p->code);
	json_kv_text(out, "message", p->message);
	if (p->data.len > 0 && p->data.error == 0) {
		json_key(out, "data");
		json_open(out, '{');
		buf_add(out, p->data.data, p->data.len);
		json_close(out, '}');
	}
	json_close(out, '}');
}

/* ---- answers ---- */

void batch_free(struct batch *b)
{
	json_decref(b->items);
	buf_done(&b->out);
	free(b);
}

void batch_settle(struct client *client, struct batch *b)
{
	if (b->open > 0 || b->started < json_array_size(b->items))
		return;
	if (b->out.len > 0) {
		_cleanup_(line_unrefp) struct line *l = line_wrap("", 0, &b->out, "]");

		if (l)
			client_push(client, l);
		else
			client->broken = true;
	}
	client->batch = NULL;
	batch_free(b);
}

static void batch_add(struct batch *b, const char *id, const char *key, const struct buf *body)
{
	if (b->out.len == 0)
		buf_addc(&b->out, '[');
	json_open(&b->out, '{');
	json_kv_text(&b->out, "jsonrpc", "2.0");
	json_key(&b->out, "id");
	json_raw(&b->out, id, strlen(id));
	json_key(&b->out, key);
	json_raw(&b->out, body->data, body->len);
	json_close(&b->out, '}');
}

/* @id: JSON. @key: "result" or "error". Takes what @body holds. */
static void respond(struct client *client, struct batch *batch, const char *id, const char *key,
		    struct buf *body)
{
	char head[LIMIT_REQUEST_ID * 6 + 64];
	int n;

	client->budget -= (int)(body->len / LIMIT_SLICE_BYTES);
	if (batch) {
		batch_add(batch, id, key, body);
		buf_done(body);
		return;
	}
	n = snprintf(head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":", id, key);
	assert(n > 0 && (size_t)n < sizeof(head));
	_cleanup_(line_unrefp) struct line *l = line_wrap(head, (size_t)n, body, "}");
	if (l)
		client_push(client, l);
	else
		client->broken = true;
}

static void respond_problem(struct client *client, struct batch *batch, const char *id,
			    const struct rpc_problem *p)
{
	_cleanup_(buf_done) struct buf body = BUF_INIT(0);

	rpc_problem_encode(p, &body);
	respond(client, batch, id, "error", &body);
}

void call_error_line(struct client *client, const struct rpc_problem *p)
{
	respond_problem(client, NULL, "null", p);
}

static void call_free(struct call *call)
{
	db_job_free(call->job);
	free(call);
}

/* The call is over: its place is free for another. */
static void call_end(struct call *call)
{
	struct client *client = call->client;
	struct batch *batch = call->batch;

	if (client) {
		if (call->prev)
			call->prev->next = call->next;
		else
			client->calls = call->next;
		if (call->next)
			call->next->prev = call->prev;
		client->n_calls--;
		if (batch) {
			batch->open--;
			batch_settle(client, batch);
		}
		client_schedule(client);
	}
	call_free(call);
}

void call_fail(struct call *call, const struct rpc_problem *p)
{
	if (call->client && call->id[0])
		respond_problem(call->client, call->batch, call->id, p);
	call_end(call);
}

void call_refuse(struct call *call, enum rpc_code code, const char *format, ...)
{
	struct rpc_problem p = RPC_PROBLEM_INIT;
	va_list ap;

	p.code = code;
	va_start(ap, format);
	vsnprintf(p.message, sizeof(p.message), format, ap);
	va_end(ap);
	call_fail(call, &p);
}

static void call_too_large(struct call *call, size_t limit_bytes)
{
	struct rpc_problem p = RPC_PROBLEM_INIT;

	rpc_problem_set(&p, RPC_LIMIT,
			"the answer would be larger than %zu bytes: ask for less at once",
			limit_bytes);
	json_kv_int(&p.data, "limit", (int64_t)limit_bytes);
	call_fail(call, &p);
	rpc_problem_done(&p);
}

void call_result(struct call *call, struct buf *body)
{
	if (body->error == -E2BIG || (call->client && call->batch &&
				      call->batch->out.len + body->len > LIMIT_RESULT_BYTES)) {
		buf_done(body);
		call_too_large(call, LIMIT_RESULT_BYTES);
		return;
	}
	if (body->error) {
		buf_done(body);
		call_refuse(call, RPC_INTERNAL, "out of memory");
		return;
	}
	if (call->client && call->id[0])
		respond(call->client, call->batch, call->id, "result", body);
	else
		buf_done(body);
	call_end(call);
}

/* ---- queries ---- */

static void call_read_failed(struct call *call, enum rpc_code code, const char *why)
{
	struct rpc_problem p = RPC_PROBLEM_INIT;
	const struct db_query *q = call->query;

	rpc_problem_set(&p, code, "%s: %s", q->method,
			call->job->problem[0] ? call->job->problem : why);
	/* What was not found is what had to be named. */
	for (size_t i = 0; code == RPC_NOT_FOUND && i < q->n_params; i++)
		if (q->params[i].required) {
			json_kv_text(&p.data, "parameter", q->params[i].name);
			break;
		}
	call_fail(call, &p);
	rpc_problem_done(&p);
}

/* @refusal may be the call's own. */
static void call_refused(struct call *call, const struct db_refusal *refusal)
{
	struct rpc_problem p = RPC_PROBLEM_INIT;

	rpc_problem_refusal(&p, refusal);
	call_fail(call, &p);
	rpc_problem_done(&p);
}

static void call_on_read(struct db_job *job, void *ctx)
{
	struct call *call = ctx;

	call->held = false;
	if (call->client)
		call->client->n_reading--;
	switch (job->result) {
	case 0:
		call_result(call, &job->out);
		return;
	case -E2BIG:
		call_too_large(call, LIMIT_RESULT_BYTES);
		return;
	case -ENOENT:
		call_read_failed(call, RPC_NOT_FOUND, "no such object");
		return;
	case -ETIME:
		call_read_failed(call, RPC_DEADLINE, "took too long; ask for less at a time");
		return;
	case -EINVAL:
		call_read_failed(call, RPC_PARAMS, "a parameter is wrong");
		return;
	case -EBADR:
		call_refused(call, &job->refusal);
		return;
	case -ECANCELED:
		call_read_failed(call, RPC_INTERNAL, "the daemon is stopping");
		return;
	default:
		log_warning("query failed", "METHOD", call->query->method, "ERROR",
			    strerror(-job->result), "DETAIL", job->problem, NULL);
		call_read_failed(call, RPC_INTERNAL, strerror(-job->result));
	}
}

void call_read(struct call *call)
{
	struct client *client = call->client;
	int r;

	call->job->done = call_on_read;
	call->job->ctx = call;
	call->held = true;
	client->n_reading++;
	r = db_read(client->server->db, call->job);
	if (r < 0) {
		call->held = false;
		client->n_reading--;
		call_refuse(call, RPC_LIMIT, "too many queries are waiting: try again");
	}
}

/* ---- changes ---- */

static void call_on_changed(struct db_msg *msg, void *ctx)
{
	struct call *call = ctx;

	call->held = false;
	if (msg->result == 0) {
		call_result(call, &msg->change.answer);
	} else if (msg->result == -EBADR) {
		call_refused(call, &msg->change.refusal);
	} else if (msg->result == -ETIME) {
		call_refuse(call, RPC_DEADLINE, "%s: it would keep the pens waiting for too long",
			    call->query->method);
	} else if (msg->result == -ECANCELED) {
		call_refuse(call, RPC_INTERNAL, "%s: the daemon is stopping", call->query->method);
	} else if (db_error_is_storage(msg->result)) {
		call_refuse(call, RPC_STORAGE,
			    "%s: the record cannot be written now, and nothing was changed: %s",
			    call->query->method, strerror(-msg->result));
	} else {
		log_err("a change failed", "METHOD", call->query->method, "ERROR",
			strerror(-msg->result), "DETAIL", msg->change.refusal.text, NULL);
		call_refuse(call, RPC_INTERNAL, "%s", msg->change.refusal.text);
	}
	buf_done(&msg->change.answer);
	buf_done(&msg->change.refusal.data);
	free(msg);
}

/* Hands a change to the writer. */
static void call_change(struct call *call)
{
	struct peer *peer = &call->client->peer;
	struct db_msg *msg = calloc(1, sizeof(*msg));

	if (!msg) {
		call_refuse(call, RPC_INTERNAL, "out of memory");
		return;
	}
	msg->op = DB_CHANGE;
	msg->urgent = true;
	msg->fail_fast = true;
	msg->done = call_on_changed;
	msg->ctx = call;
	msg->change.change = call->change;
	msg->change.value = call->job->value;
	msg->change.at_us = now_utc_us();
	msg->change.actor.uid = peer->uid;
	snprintf(msg->change.actor.name, sizeof(msg->change.actor.name), "%s", peer_name(peer));
	call->held = true;
	db_submit(call->client->server->db, msg);
}

void call_drop(struct call *call)
{
	call->client = NULL;
	call->batch = NULL;
	if (call->held)
		return;
	if (call->cancel)
		call->cancel(call);
	call_free(call);
}

/* ---- requests ---- */

/* Writes the id as it is to be echoed; "" for a notification. False when it is none. */
static bool id_encode(const json_t *id, struct buf *out)
{
	switch (id ? json_typeof(id) : JSON_NULL) {
	case JSON_NULL:
		if (id)
			json_nil(out);
		return true;
	case JSON_INTEGER:
		json_int(out, json_integer_value(id));
		return true;
	case JSON_REAL:
		buf_addf(out, "%.17g", json_real_value(id));
		return true;
	case JSON_STRING:
		if (json_string_length(id) > LIMIT_REQUEST_ID)
			return false;
		json_textn(out, json_string_value(id), json_string_length(id));
		return true;
	default:
		return false;
	}
}

/* What makes a JSON value a request; false with @p filled. @ret_id is "null" when the id cannot be
 * told. */
static bool request_check(json_t *item, struct buf *ret_id, struct rpc_problem *p)
{
	const char *version;

	if (!json_is_object(item)) {
		rpc_problem_set(p, RPC_REQUEST, "a request is a JSON object");
	} else if (!id_encode(json_object_get(item, "id"), ret_id)) {
		rpc_problem_set(p, RPC_REQUEST,
				"an id is a number, null, or text of at most %d bytes",
				LIMIT_REQUEST_ID);
		json_kv_text(&p->data, "parameter", "id");
		json_kv_int(&p->data, "limit", LIMIT_REQUEST_ID);
	} else {
		version = json_string_value(json_object_get(item, "jsonrpc"));
		if (!version || !streq(version, "2.0"))
			rpc_problem_set(p, RPC_REQUEST, "a request has \"jsonrpc\":\"2.0\"");
		else if (!json_is_string(json_object_get(item, "method")))
			rpc_problem_set(p, RPC_REQUEST, "a request has a method, which is text");
		else
			return true;
	}
	if (ret_id->len == 0)
		json_nil(ret_id);
	return false;
}

/* The declaration of the method, or NULL with @p filled. */
static const struct db_query *method_find(const struct client *client, const char *name,
					  const struct native **ret_native, struct rpc_problem *p)
{
	const struct native *native = native_find(name);
	const struct db_change *change = native ? NULL : db_change_find(name);
	const struct db_query *query = native	? &native->decl
				       : change ? &change->decl
						: db_query_find(name);
	char hint[160];

	if (change && query->role == ROLE_DAEMON) /* its own affair */
		query = NULL;

	if (!query) {
		rpc_problem_set(p, RPC_METHOD, "there is no method %.64s", name);
		json_kv_text(&p->data, "hint", "rpc.discover lists all methods");
		return NULL;
	}
	if (client->peer.role < (int)query->role) {
		rpc_problem_set(p, RPC_PERMISSION, "%s needs the role %s", query->method,
				db_role_name(query->role));
		roles_hint(&client->server->roles, query->role, hint);
		json_kv_text(&p->data, "role", db_role_name(query->role));
		json_kv_text(&p->data, "hint", hint);
		return NULL;
	}
	*ret_native = native;
	return query;
}

static struct call *call_new(struct client *client, struct batch *batch,
			     const struct db_query *query, const struct native *native,
			     const char *id)
{
	struct call *call = calloc(1, sizeof(*call) + strlen(id) + 1);

	if (!call)
		return NULL;
	call->job = calloc(1, sizeof(*call->job));
	if (!call->job) {
		free(call);
		return NULL;
	}
	call->job->query = query;
	call->job->out = BUF_INIT(LIMIT_RESULT_BYTES);
	call->client = client;
	call->batch = batch;
	call->query = query;
	call->native = native;
	call->change = native ? NULL : db_change_find(query->method);
	strcpy(call->id, id);
	call->next = client->calls;
	if (call->next)
		call->next->prev = call;
	client->calls = call;
	client->n_calls++;
	if (batch)
		batch->open++;
	return call;
}

static void call_run(struct call *call, json_t *params, struct rpc_problem *p)
{
	struct client *client = call->client;

	if (!method_bind(call, params, p)) {
		call_fail(call, p);
	} else if (call->native) {
		call->native->run(call);
	} else if (call->change) {
		call_change(call);
	} else {
		*client->waiting_end = call;
		client->waiting_end = &call->queued;
		client_schedule(client);
	}
}

void call_start(struct client *client, struct batch *batch, json_t *item)
{
	_cleanup_(buf_done) struct buf id = BUF_INIT(0);
	_cleanup_(rpc_problem_done) struct rpc_problem p = RPC_PROBLEM_INIT;
	const struct db_query *query;
	const struct native *native;
	struct call *call;
	bool wanted = true;

	client->budget--;
	if (request_check(item, &id, &p)) {
		wanted = id.len > 0;
		if (client->n_calls >= LIMIT_INFLIGHT) {
			rpc_problem_set(
				&p, RPC_LIMIT,
				"%d requests are unanswered: wait for answers before sending more",
				LIMIT_INFLIGHT);
			json_kv_int(&p.data, "limit", LIMIT_INFLIGHT);
		} else {
			query = method_find(client,
					    json_string_value(json_object_get(item, "method")),
					    &native, &p);
			call = query ? call_new(client, batch, query, native, wanted ? id.data : "")
				     : NULL;
			if (call) {
				call_run(call, json_object_get(item, "params"), &p);
				return;
			}
			if (query)
				rpc_problem_set(&p, RPC_INTERNAL, "out of memory");
		}
	}
	if (wanted)
		respond_problem(client, batch, id.data ? id.data : "null", &p);
}
