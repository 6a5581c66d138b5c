/* SPDX-License-Identifier: MIT */
/* record.verified: what somebody found who verified the database's file, which the daemon itself does
 * not do while it works. */
#include <stdio.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "client.h"
#include "method.h"
#include "server_internal.h"

enum { VERIFIED_ENTRY, VERIFIED_PROBLEM };

static const struct db_param verified_params[] = {
	[VERIFIED_ENTRY] = {"entry", DB_INT, true, 0, INT64_MAX, NULL,
			    "The newest entry of what was verified.", NULL, NULL, false},
	[VERIFIED_PROBLEM] = {"problem", DB_TEXT, false, 1, LIMIT_REASON, NULL,
			      "The first thing that does not hold; not given when all does.", NULL,
			      NULL, false},
};

static void on_written(struct db_msg *msg, void *ctx)
{
	struct call *call = ctx;
	_cleanup_(freep) struct db_msg *own = msg;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	call->held = false;
	if (own->result < 0) {
		call_refuse(call, RPC_STORAGE, "it cannot be kept: %s", strerror(-own->result));
		return;
	}
	json_open(&b, '{');
	json_kv_time(&b, "at", own->verified.at_us);
	json_close(&b, '}');
	call_result(call, &b);
}

static void record_verified_run(struct call *call)
{
	const struct db_value *value = call->job->value;
	struct db_msg *msg = calloc(1, sizeof(*msg));

	if (!msg) {
		call_refuse(call, RPC_INTERNAL, "out of memory");
		return;
	}
	msg->op = DB_VERIFIED;
	msg->urgent = true;
	msg->fail_fast = true;
	msg->done = on_written;
	msg->ctx = call;
	msg->verified.at_us = now_utc_us();
	msg->verified.entry = value[VERIFIED_ENTRY].i;
	if (value[VERIFIED_PROBLEM].set) {
		snprintf(msg->verified.problem, sizeof(msg->verified.problem), "%s",
			 value[VERIFIED_PROBLEM].text);
		log_err("the record does not hold: stop relying on it, keep the file, fetch the "
			"backup",
			"PROBLEM", msg->verified.problem, "USER", peer_name(&call->client->peer),
			NULL);
	}
	call->held = true;
	db_submit(call->client->server->db, msg);
}

const struct native method_record_verified = {
	.decl =
		{
			.method = "record.verified",
			.doc = "Tells the daemon what a verification of its database found, as "
			       "stipplectl verify does: audit and daemon.status show it from "
			       "then on. It is no entry.",
			.role = ROLE_ADMIN,
			.shape = SHAPE_OBJECT,
			.params = verified_params,
			.n_params = ELEMENTSOF(verified_params),
		},
	.result = "{\"type\":\"object\",\"properties\":{\"at\":{\"type\":\"string\",\"format\":"
		  "\"date-time\",\"description\":\"when it was noted\"}}}",
	.errors = {RPC_STORAGE},
	.run = record_verified_run,
};
