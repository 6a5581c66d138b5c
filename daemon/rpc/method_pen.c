/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <strings.h>

#include "base/timefmt.h"
#include "live.h"
#include "method.h"
#include "method_pen.h"
#include "server_internal.h"

#define CANDIDATES_MAX 16 /* named in an ambiguity's answer */
#define IDENTIFY_S_MAX 600
#define REASON_BYTES   511 /* struct db_mark */

/* ---- which pen ---- */

static void refuse_ambiguous(struct manager *m, const char *text, size_t found,
			     struct rpc_problem *p)
{
	size_t len = strlen(text), named = 0;

	rpc_problem_set(p, RPC_AMBIGUOUS, "%zu pens begin with %.64s", found, text);
	json_kv_text(&p->data, "parameter", "pen");
	json_key(&p->data, "candidates");
	json_open(&p->data, '[');
	for (size_t i = 0; i < manager_pens(m) && named < CANDIDATES_MAX; i++) {
		const struct pen_view *v = manager_pen(m, i);

		if (strncasecmp(v->serial, text, len) == 0) {
			json_text(&p->data, v->serial);
			named++;
		}
	}
	json_close(&p->data, ']');
}

const char *pen_resolve(struct manager *m, const char *text, struct rpc_problem *p)
{
	const struct pen_view *exact = manager_pen_find(m, text);
	size_t len = strlen(text), found = 0, at = 0, whole = 0, whole_at = 0;

	if (exact)
		return exact->serial;
	for (size_t i = 0; len > 0 && i < manager_pens(m); i++) {
		const struct pen_view *v = manager_pen(m, i);

		if (strncasecmp(v->serial, text, len) != 0)
			continue;
		found++;
		at = i;
		if (!v->serial[len]) {
			whole++;
			whole_at = i;
		}
	}
	if (whole == 1)
		return manager_pen(m, whole_at)->serial;
	if (found == 1)
		return manager_pen(m, at)->serial;
	if (found > 1) {
		refuse_ambiguous(m, text, found, p);
		return NULL;
	}
	rpc_problem_set(p, RPC_NOT_FOUND, "no pen has a serial number that begins with %.64s",
			text);
	json_kv_text(&p->data, "parameter", "pen");
	json_kv_text(&p->data, "hint", "pen.list lists all pens");
	return NULL;
}

/* ---- pen.list, pen.get ---- */

static void pen_list_run(struct call *call)
{
	struct manager *m = call->client->server->manager;
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RESULT_BYTES);
	int64_t now_us = now_boot_us(), utc_us = now_utc_us();

	json_open(&b, '{');
	json_key(&b, "rows");
	json_open(&b, '[');
	for (size_t i = 0; i < manager_pens(m); i++)
		pen_encode(&b, manager_pen(m, i), now_us, utc_us);
	json_close(&b, ']');
	json_close(&b, '}');
	call_result(call, &b);
}

static void pen_get_run(struct call *call)
{
	struct manager *m = call->client->server->manager;
	const struct pen_view *v = manager_pen_find(m, call->job->value[0].text);
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RESULT_BYTES);

	assert(v); /* method_bind() resolved it in this very turn */
	pen_encode(&b, v, now_boot_us(), now_utc_us());
	call_result(call, &b);
}

static const struct db_param pen_get_params[] = {
	{"pen", DB_TEXT, true, 1, LIMIT_SERIAL_LEN, NULL,
	 "Serial number, or the start of one that no other pen has.", NULL, NULL, false},
};

/* Not to be formatted: its tool parts these texts letter by letter. */
/* clang-format off */
#define VALUE(type, text) \
	"{\"description\":\"" text "\",\"type\":[\"object\",\"null\"],\"properties\":{" \
	"\"value\":{\"type\":\"" type "\"},\"age_ms\":{\"type\":\"integer\"},\"stale\":{\"type\":\"boolean\"}}}"

#define PEN_SCHEMA \
	"{\"type\":\"object\",\"properties\":{" \
	"\"serial\":{\"type\":\"string\"}," \
	"\"manufacturer\":{\"type\":\"string\"}," \
	"\"model\":{\"type\":\"string\"}," \
	"\"firmware\":{\"type\":\"string\"}," \
	"\"state\":{\"enum\":[\"away\",\"greeting\",\"attaching\",\"draining\",\"live\",\"stalled\"]}," \
	"\"trouble\":{\"type\":[\"string\",\"null\"]}," \
	"\"port\":{\"type\":[\"string\",\"null\"]}," \
	"\"driver\":{\"type\":[\"string\",\"null\"]}," \
	"\"first_seen\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}," \
	"\"last_seen\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}," \
	"\"depth\":{\"type\":\"object\",\"properties\":{" \
		"\"source\":{\"enum\":[\"none\",\"sensor\",\"setting\"]}," \
		"\"uncertainty_um\":{\"type\":[\"integer\",\"null\"]}," \
		"\"resolution_um\":{\"type\":[\"integer\",\"null\"]}}}," \
	"\"stroke_um\":{\"type\":[\"integer\",\"null\"]}," \
	"\"has_log\":{\"type\":\"boolean\"}," \
	"\"log\":{\"type\":[\"object\",\"null\"],\"properties\":{" \
		"\"id\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{16}$\"}," \
		"\"first_seq\":{\"type\":\"integer\"}," \
		"\"next_seq\":{\"type\":\"integer\"}," \
		"\"durable_seq\":{\"type\":\"integer\"}," \
		"\"behind\":{\"type\":\"integer\",\"description\":\"records not yet durable here\"}}}," \
	"\"boot\":{\"type\":\"integer\"}," \
	"\"live\":{\"type\":\"object\",\"properties\":{" \
		"\"running\":" VALUE("boolean", "motor on") "," \
		"\"battery_percent\":" VALUE("integer", "charge") "," \
		"\"motor_mv\":" VALUE("integer", "motor voltage") "," \
		"\"motor_ma\":" VALUE("integer", "motor current") "," \
		"\"temperature_c\":" VALUE("number", "temperature") "," \
		"\"charging\":" VALUE("boolean", "on the charger") "," \
		"\"frequency_hz\":" VALUE("number", "mean of the newest cycles") "," \
		"\"depth_um\":" VALUE("integer", "mean protrusion of the newest cycles") "," \
		"\"run\":" VALUE("integer", "number of the run in progress, 0 none") "," \
		"\"run_cycles\":" VALUE("integer", "its cycles so far") "}}," \
	"\"clock\":{\"type\":[\"object\",\"null\"],\"properties\":{" \
		"\"quality\":{\"enum\":[\"synced\",\"rtc\",\"estimated\"]}," \
		"\"error_us\":{\"type\":\"integer\"}," \
		"\"drift_ppm\":{\"type\":\"number\"}," \
		"\"rtt_us\":{\"type\":[\"integer\",\"null\"]}}}," \
	"\"anomalies\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}," \
		"\"description\":\"counts by kind since the daemon started; only those that happened\"}}}"
/* clang-format on */

const struct native method_pen_list = {
	.decl =
		{
			.method = "pen.list",
			.doc = "All pens that were ever connected, with what they do now, each "
			       "value with its age.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
		},
	.result = "{\"type\":\"object\",\"properties\":{\"rows\":{\"type\":\"array\","
		  "\"items\":" PEN_SCHEMA "}}}",
	.run = pen_list_run,
};

const struct native method_pen_get = {
	.decl =
		{
			.method = "pen.get",
			.doc = "One pen with what it does now, each value with its age.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
			.params = pen_get_params,
			.n_params = ELEMENTSOF(pen_get_params),
		},
	.result = PEN_SCHEMA,
	.run = pen_get_run,
};

/* ---- pen.identify ---- */

enum { IDENTIFY_PEN, IDENTIFY_SECONDS, IDENTIFY_REASON, IDENTIFY_REQUEST_ID };

static const struct db_param pen_identify_params[] = {
	[IDENTIFY_PEN] = {"pen", DB_TEXT, true, 1, LIMIT_SERIAL_LEN, NULL,
			  "Serial number, or the start of one that no other pen has.", NULL, NULL,
			  false},
	[IDENTIFY_SECONDS] = {"seconds", DB_INT, false, 0, IDENTIFY_S_MAX, "5",
			      "How long it blinks; 0 stops it.", NULL, NULL, false},
	[IDENTIFY_REASON] = {"reason", DB_TEXT, false, 0, REASON_BYTES, NULL,
			     "Why, in your own words; kept with the record.", NULL, NULL, false},
	[IDENTIFY_REQUEST_ID] = {"request_id", DB_TEXT, false, 1, LIMIT_REQUEST_ID, NULL,
				 "An id of your own: the same request sent again is recorded once.",
				 NULL, NULL, false},
};

static void identify_refuse(struct call *call, const char *pen, int error)
{
	switch (error) {
	case -ENOTCONN:
		call_refuse(call, RPC_AWAY, "%s is not connected", pen);
		return;
	case -EAGAIN:
		call_refuse(call, RPC_AWAY, "%s is not ready yet: try again", pen);
		return;
	case -EOPNOTSUPP:
		call_refuse(call, RPC_UNSUPPORTED, "%s cannot blink", pen);
		return;
	case -ENOENT:
		call_refuse(call, RPC_NOT_FOUND, "there is no pen %s", pen);
		return;
	default:
		call_refuse(call, RPC_INTERNAL, "%s cannot be told to blink: %s", pen,
			    strerror(-error));
	}
}

static void identify_on_marked(struct db_msg *msg, void *ctx)
{
	struct call *call = ctx;
	_cleanup_(freep) struct db_msg *own = msg;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	call->held = false;
	if (msg->result == -EEXIST) {
		struct rpc_problem p = RPC_PROBLEM_INIT;

		rpc_problem_set(&p, RPC_CONFLICT,
				"the request_id was used before for something else");
		json_kv_text(&p.data, "parameter", "request_id");
		call_fail(call, &p);
		rpc_problem_done(&p);
		return;
	}
	if (msg->result < 0) {
		call_refuse(call, RPC_STORAGE,
			    "the pen was told to blink, but the record cannot be written: %s",
			    strerror(-msg->result));
		return;
	}
	json_open(&b, '{');
	json_kv_int(&b, "entry", own->mark.entry);
	json_kv_bool(&b, "repeated", own->mark.repeated);
	json_close(&b, '}');
	call_result(call, &b);
}

static struct db_msg *identify_mark(struct call *call, int64_t pen_id)
{
	const struct db_value *value = call->job->value;
	struct peer *peer = &call->client->peer;
	struct db_msg *msg = calloc(1, sizeof(*msg));

	if (!msg)
		return NULL;
	msg->op = DB_MARK;
	msg->urgent = true;
	msg->fail_fast = true;
	msg->done = identify_on_marked;
	msg->ctx = call;
	msg->mark.pen = pen_id;
	msg->mark.at_us = now_utc_us();
	msg->mark.actor.uid = peer->uid;
	snprintf(msg->mark.kind, sizeof(msg->mark.kind), "identify");
	snprintf(msg->mark.actor.name, sizeof(msg->mark.actor.name), "%s", peer_name(peer));
	if (value[IDENTIFY_REQUEST_ID].set)
		snprintf(msg->mark.request_id, sizeof(msg->mark.request_id), "%s",
			 value[IDENTIFY_REQUEST_ID].text);
	if (value[IDENTIFY_REASON].set)
		snprintf(msg->mark.reason, sizeof(msg->mark.reason), "%s",
			 value[IDENTIFY_REASON].text);
	msg->mark.detail = BUF_INIT(0);
	json_open(&msg->mark.detail, '{');
	json_kv_int(&msg->mark.detail, "seconds", value[IDENTIFY_SECONDS].i);
	json_close(&msg->mark.detail, '}');
	if (msg->mark.detail.error) {
		buf_done(&msg->mark.detail);
		free(msg);
		return NULL;
	}
	return msg;
}

static void pen_identify_run(struct call *call)
{
	struct server *s = call->client->server;
	const struct db_value *value = call->job->value;
	const struct pen_view *v = manager_pen_find(s->manager, value[IDENTIFY_PEN].text);
	struct db_msg *msg;
	int r;

	assert(v); /* method_bind() resolved it in this very turn */
	msg = identify_mark(call, v->pen_id);
	if (!msg) {
		call_refuse(call, RPC_INTERNAL, "out of memory");
		return;
	}
	r = manager_identify(s->manager, value[IDENTIFY_PEN].text,
			     (uint32_t)(value[IDENTIFY_SECONDS].i * 1000));
	if (r < 0) {
		buf_done(&msg->mark.detail);
		free(msg);
		identify_refuse(call, value[IDENTIFY_PEN].text, r);
		return;
	}
	call->held = true;
	db_submit(s->db, msg);
}

const struct native method_pen_identify = {
	.decl =
		{
			.method = "pen.identify",
			.doc = "Makes a pen blink, so that you see which it is, and records that "
			       "you did.",
			.role = ROLE_OPERATOR,
			.shape = SHAPE_OBJECT,
			.params = pen_identify_params,
			.n_params = ELEMENTSOF(pen_identify_params),
		},
	.result = "{\"type\":\"object\",\"properties\":{"
		  "\"entry\":{\"type\":\"integer\",\"description\":\"number of its entry in the "
		  "record\"},"
		  "\"repeated\":{\"type\":\"boolean\",\"description\":\"this request_id was "
		  "recorded before; entry is that one\"}}}",
	.errors = {RPC_AWAY, RPC_UNSUPPORTED, RPC_CONFLICT, RPC_STORAGE},
	.run = pen_identify_run,
};
