/* SPDX-License-Identifier: MIT */
/* backup.*: one at a time, of one connection, gone with it; and the signing key, which is backed up
 * apart. */
#include "base/log.h"
#include "client.h"
#include "method.h"
#include "server_internal.h"

#define STATUS_PROPERTIES                                                                          \
	"{\"type\":\"object\",\"properties\":{\"state\":{\"enum\":[\"copying\",\"checking\","      \
	"\"ready\",\"failed\"]},"                                                                  \
	"\"bytes\":{\"type\":\"integer\",\"description\":\"of the whole\"},"                       \
	"\"done\":{\"type\":\"integer\",\"description\":\"copied so far\"},"                       \
	"\"problem\":{\"type\":[\"string\",\"null\"],\"description\":\"why it failed\"},"          \
	"\"last_entry\":{\"type\":\"integer\",\"description\":\"newest entry in it; this and "     \
	"what "                                                                                    \
	"follows when it is ready\"},"                                                             \
	"\"at\":{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"when that was "    \
	"signed\"},"                                                                               \
	"\"key\":{\"type\":\"string\",\"description\":\"id of the key that it belongs to\"},"      \
	"\"digest\":{\"type\":\"string\",\"description\":\"BLAKE2b of the file, 32 bytes in "      \
	"hex\"}}}"

static void on_answer(struct db_job *job, void *ctx)
{
	struct call *call = ctx;

	call->held = false;
	switch (job->result) {
	case 0:
		call_result(call, &job->out);
		return;
	case -EINVAL:
		call_refuse(call, RPC_PARAMS, "%s", job->problem);
		return;
	case -ECANCELED:
		call_refuse(call, RPC_LIMIT, "the backup was ended");
		return;
	default:
		call_refuse(call, RPC_STORAGE, "the backup cannot be read: %s",
			    strerror(-job->result));
	}
}

/* The caller's backup; refuses the call when there is none. */
static struct db_backup *own_backup(struct call *call)
{
	struct server *s = call->client->server;

	if (s->backup && s->backup_client == call->client)
		return s->backup;
	call_refuse(call, RPC_NOT_FOUND,
		    "this connection has no backup: begin one by backup.start");
	return NULL;
}

static void hold(struct call *call)
{
	call->job->done = on_answer;
	call->job->ctx = call;
	call->held = true;
}

static void backup_start_run(struct call *call)
{
	struct server *s = call->client->server;
	int r;

	if (s->backup && s->backup_client != call->client) {
		call_refuse(call, RPC_LIMIT,
			    "another backup is being made: try again when it is done");
		return;
	}
	s->backup = db_backup_free(s->backup);
	r = db_backup_start(&s->backup, s->db);
	if (r < 0) {
		call_refuse(call, RPC_INTERNAL, "cannot begin a backup: %s", strerror(-r));
		return;
	}
	s->backup_client = call->client;
	log_info("a backup begins", "USER", peer_name(&call->client->peer), NULL);
	hold(call);
	db_backup_status(s->backup, call->job);
}

const struct native method_backup_start = {
	.decl =
		{
			.method = "backup.start",
			.doc = "Begins a backup of the database as it is now. It belongs to this "
			       "connection; a second one here "
			       "ends the first.",
			.role = ROLE_ADMIN,
			.shape = SHAPE_OBJECT,
		},
	.result = STATUS_PROPERTIES,
	.run = backup_start_run,
};

static void backup_status_run(struct call *call)
{
	struct db_backup *backup = own_backup(call);

	if (!backup)
		return;
	hold(call);
	db_backup_status(backup, call->job);
}

const struct native method_backup_status = {
	.decl =
		{
			.method = "backup.status",
			.doc = "How far this connection's backup is: copied, then checked, then "
			       "ready to be read.",
			.role = ROLE_ADMIN,
			.shape = SHAPE_OBJECT,
		},
	.result = STATUS_PROPERTIES,
	.errors = {RPC_NOT_FOUND},
	.run = backup_status_run,
};

static const struct db_param backup_read_params[] = {
	{"offset", DB_INT, true, 0, INT64_MAX, NULL, "Where in the file to begin.", NULL, NULL,
	 false},
};

static void backup_read_run(struct call *call)
{
	int64_t offset = call->job->value[0].i; /* a refused call is gone */
	struct db_backup *backup = own_backup(call);

	if (!backup)
		return;
	hold(call);
	db_backup_read(backup, call->job, offset);
}

const struct native method_backup_read = {
	.decl =
		{
			.method = "backup.read",
			.doc = "A piece of this connection's backup, when it is ready.",
			.role = ROLE_ADMIN,
			.shape = SHAPE_OBJECT,
			.params = backup_read_params,
			.n_params = ELEMENTSOF(backup_read_params),
		},
	.result = "{\"type\":\"object\",\"properties\":{\"offset\":{\"type\":\"integer\"},"
		  "\"data\":{\"type\":\"string\",\"contentEncoding\":\"base64\"},"
		  "\"next\":{\"type\":[\"integer\",\"null\"],\"description\":\"offset to go on at; "
		  "null at "
		  "the end\"}}}",
	.errors = {RPC_NOT_FOUND, RPC_STORAGE},
	.run = backup_read_run,
};

static void key_export_run(struct call *call)
{
	_cleanup_(buf_done) struct buf text = BUF_INIT(0), b = BUF_INIT(0);
	int r = db_read_key(call->client->server->db, &text);

	if (r < 0) {
		call_refuse(call, RPC_STORAGE, "the signing key cannot be read: %s", strerror(-r));
		return;
	}
	/* Whoever has it can sign a record: that somebody took it is to be known. */
	log_notice("the signing key was handed out for its backup", "USER",
		   peer_name(&call->client->peer), "PID",
		   log_fmt("%d", (int)call->client->peer.pid), NULL);
	json_open(&b, '{');
	json_kv_text(&b, "key", text.data);
	json_close(&b, '}');
	call_result(call, &b);
	explicit_bzero(text.data, text.len);
}

const struct native method_key_export = {
	.decl =
		{
			.method = "key.export",
			.doc = "The signing key, for a backup apart from the database's.",
			.role = ROLE_ADMIN,
			.shape = SHAPE_OBJECT,
		},
	.result = "{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\","
		  "\"description\":\"the file as it "
		  "is; keep it private\"}}}",
	.errors = {RPC_STORAGE},
	.run = key_export_run,
};
