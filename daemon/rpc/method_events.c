/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "durable.h"
#include "method.h"
#include "method_pen.h"
#include "server_internal.h"

enum { SUBSCRIBE_STREAMS, SUBSCRIBE_PENS, SUBSCRIBE_AFTER };

static const struct db_param events_subscribe_params[] = {
	[SUBSCRIBE_STREAMS] = {"streams", DB_TEXT, false, 0, 16, NULL,
			       "live (what happens now; may be dropped, with the gap told) and "
			       "durable (entries of the record, "
			       "none is missed); both if not given.",
			       "live|durable", NULL, false},
	[SUBSCRIBE_PENS] = {"pens", DB_TEXT, false, 1, LIMIT_SERIAL_LEN, NULL,
			    "Only events of these pens: serial numbers, or the start of one that "
			    "no other pen has.",
			    NULL, NULL, false},
	[SUBSCRIBE_AFTER] = {"after", DB_INT, false, 0, INT64_MAX, NULL,
			     "durable: begin after this cursor, so that nothing is missed; with "
			     "the newest if not given.",
			     NULL, NULL, false},
};

static void reply(struct call *call)
{
	const struct client *c = call->client;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	json_open(&b, '{');
	json_kv_int(&b, "cursor", c->server->events.last);
	json_kv_bool(&b, "live", c->live.on);
	json_kv_bool(&b, "durable", c->durable.on);
	json_close(&b, '}');
	call_result(call, &b);
}

/* The pens asked for, sorted; *ret NULL for all. Caller frees with free(). False with @p filled. */
static bool pens_take(struct call *call, struct serial **ret, size_t *ret_n, struct rpc_problem *p)
{
	json_t *list = call->list[SUBSCRIBE_PENS], *item;
	_cleanup_(freep) struct serial *pens = NULL;
	size_t i;

	*ret = NULL;
	*ret_n = 0;
	if (!list)
		return true;
	if (json_array_size(list) == 0 || json_array_size(list) > LIMIT_PENS_KNOWN) {
		rpc_problem_set(p, RPC_PARAMS,
				"pens: 1 to %d serial numbers; leave it out for all pens",
				LIMIT_PENS_KNOWN);
		json_kv_text(&p->data, "parameter", "pens");
		json_kv_int(&p->data, "limit", LIMIT_PENS_KNOWN);
		return false;
	}
	pens = calloc(json_array_size(list), sizeof(*pens));
	if (!pens) {
		rpc_problem_set(p, RPC_INTERNAL, "out of memory");
		return false;
	}
	json_array_foreach(list, i, item)
	{
		const char *serial =
			pen_resolve(call->client->server->manager, json_string_value(item), p);

		if (!serial)
			return false;
		snprintf(pens[i].text, sizeof(pens[i].text), "%s", serial);
	}
	qsort(pens, json_array_size(list), sizeof(*pens), serial_compare);
	*ret_n = json_array_size(list);
	*ret = TAKE_PTR(pens);
	return true;
}

static bool stream_wanted(struct call *call, const char *stream)
{
	json_t *list = call->list[SUBSCRIBE_STREAMS], *item;
	size_t i;

	if (!list)
		return true;
	json_array_foreach(list, i, item) if (streq(json_string_value(item), stream)) return true;
	return false;
}

static bool after_check(const struct events *e, bool durable, const struct db_value *after,
			struct rpc_problem *p)
{
	if (!after->set)
		return true;
	if (!durable) {
		rpc_problem_set(p, RPC_PARAMS, "after: only the durable stream has a cursor");
	} else if (after->i > e->last) {
		rpc_problem_set(
			p, RPC_PARAMS,
			"after: the newest entry is %lld; that cursor is of another database, "
			"or of a later state of this one",
			(long long)e->last);
		json_kv_int(&p->data, "limit", e->last);
	} else {
		return true;
	}
	json_kv_text(&p->data, "parameter", "after");
	return false;
}

static void events_subscribe_run(struct call *call)
{
	struct client *c = call->client;
	struct events *e = &c->server->events;
	const struct db_value *after = &call->job->value[SUBSCRIBE_AFTER];
	bool live = stream_wanted(call, "live"), durable = stream_wanted(call, "durable");
	_cleanup_(rpc_problem_done) struct rpc_problem p = RPC_PROBLEM_INIT;
	_cleanup_(freep) struct serial *live_pens = NULL, *durable_pens = NULL;
	size_t n;

	if (!after_check(e, durable, after, &p) || (live && !pens_take(call, &live_pens, &n, &p)) ||
	    (durable && !pens_take(call, &durable_pens, &n, &p))) {
		call_fail(call, &p);
		return;
	}
	if (live)
		events_listen_live(e, c, TAKE_PTR(live_pens), n);
	if (durable)
		events_listen_durable(e, c, TAKE_PTR(durable_pens), n,
				      after->set ? after->i : e->last);
	reply(call);
}

static void events_unsubscribe_run(struct call *call)
{
	events_leave(&call->client->server->events, call->client);
	reply(call);
}

#define SUBSCRIBED_SCHEMA                                                                          \
	"{\"type\":\"object\",\"properties\":{"                                                    \
	"\"cursor\":{\"type\":\"integer\",\"description\":\"the newest entry now\"},"              \
	"\"live\":{\"type\":\"boolean\"},\"durable\":{\"type\":\"boolean\"}}}"

const struct native method_events_subscribe = {
	.decl =
		{
			.method = "events.subscribe",
			.doc = "Sends events on this connection from now on, as notifications of "
			       "the method `event`. "
			       "Asked again, it replaces what was asked for the same stream "
			       "before.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
			.params = events_subscribe_params,
			.n_params = ELEMENTSOF(events_subscribe_params),
		},
	.lists = 1u << SUBSCRIBE_STREAMS | 1u << SUBSCRIBE_PENS,
	.result = SUBSCRIBED_SCHEMA,
	.errors = {RPC_NOT_FOUND, RPC_AMBIGUOUS},
	.run = events_subscribe_run,
};

const struct native method_events_unsubscribe = {
	.decl =
		{
			.method = "events.unsubscribe",
			.doc = "Sends no more events on this connection. Those already on their "
			       "way still come.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
		},
	.result = SUBSCRIBED_SCHEMA,
	.run = events_unsubscribe_run,
};
