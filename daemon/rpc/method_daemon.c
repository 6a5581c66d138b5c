/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/timefmt.h"
#include "method.h"
#include "server_internal.h"

/* @admin: whoever asks could fetch the key, too, and is told where it is. */
static void status_database(struct server *s, bool admin, struct buf *b)
{
	struct db_health h;

	db_get_health(s->db, &h);
	json_key(b, "database");
	json_open(b, '{');
	json_kv_text(b, "path", s->db_path);
	json_kv_text(b, "key_path", admin ? s->key_path : NULL);
	json_kv_int(b, "bytes", h.file_bytes);
	json_kv_int(b, "wal_bytes", h.wal_bytes);
	json_kv_text(b, "state", h.error ? "failing" : "ok");
	json_kv_text(b, "error", h.error ? h.text : NULL);
	json_kv_time(b, "since", h.error ? h.since_us : TIME_UNKNOWN);
	json_kv_int(b, "last_entry", h.last_entry);
	json_kv_int(b, "queued", h.queued);
	json_kv_int(b, "commits", (int64_t)h.commits);
	json_kv_int(b, "cycles", (int64_t)h.cycles);
	json_close(b, '}');
}

/* Of what whoever verified it told; the daemon itself does not. */
static void status_record(struct server *s, struct buf *b)
{
	struct db_health h;

	db_get_health(s->db, &h);
	json_key(b, "record");
	json_open(b, '{');
	json_kv_text(b, "state",
		     h.verified.at_us == 0   ? "unverified"
		     : h.verified.problem[0] ? "broken"
					     : "ok");
	json_kv_time(b, "verified", h.verified.at_us ? h.verified.at_us : TIME_UNKNOWN);
	json_key(b, "entry");
	if (h.verified.at_us)
		json_int(b, h.verified.entry);
	else
		json_nil(b);
	json_kv_text(b, "problem", h.verified.problem[0] ? h.verified.problem : NULL);
	json_close(b, '}');
}

static void status_pens(struct server *s, struct buf *b)
{
	size_t known = manager_pens(s->manager), attached = 0, draining = 0, live = 0;

	for (size_t i = 0; i < known; i++) {
		enum pen_state state = manager_pen(s->manager, i)->state;

		attached += state != PEN_AWAY;
		draining += state == PEN_DRAINING;
		live += state == PEN_LIVE;
	}
	json_key(b, "pens");
	json_open(b, '{');
	json_kv_int(b, "known", (int64_t)known);
	json_kv_int(b, "attached", (int64_t)attached);
	json_kv_int(b, "draining", (int64_t)draining);
	json_kv_int(b, "live", (int64_t)live);
	json_close(b, '}');
}

static void status_ports(struct server *s, struct buf *b)
{
	json_key(b, "ports");
	json_open(b, '[');
	for (size_t i = 0; i < manager_ports(s->manager); i++) {
		const struct port_view *v = manager_port(s->manager, i);

		json_open(b, '{');
		json_kv_text(b, "path", v->path);
		json_kv_text(b, "state", v->state);
		json_kv_text(b, "trouble", v->trouble);
		json_kv_text(b, "pen", v->serial);
		json_close(b, '}');
	}
	json_close(b, ']');
}

static void daemon_status_run(struct call *call)
{
	struct server *s = call->client->server;
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RESULT_BYTES);
	char host_id[17];

	snprintf(host_id, sizeof(host_id), "%016llx", (unsigned long long)db_host_id(s->db));
	json_open(&b, '{');
	json_kv_text(&b, "version", STIPPLE_VERSION);
	json_kv_time(&b, "started", s->started_us);
	json_kv_int(&b, "uptime_s", (now_boot_us() - s->started_boot_us) / USEC_PER_SEC);
	json_kv_text(&b, "zone", s->zone);
	json_kv_text(&b, "host_id", host_id);
	status_database(s, call->client->peer.role >= ROLE_ADMIN, &b);
	status_record(s, &b);
	status_pens(s, &b);
	status_ports(s, &b);
	json_kv_int(&b, "clients", s->n_clients);
	json_close(&b, '}');
	call_result(call, &b);
}

const struct native method_daemon_status = {
	.decl =
		{
			.method = "daemon.status",
			.doc = "How the daemon, its database and its ports are doing.",
			.role = ROLE_VIEWER,
			.shape = SHAPE_OBJECT,
		},
	.result =
		"{\"type\":\"object\",\"properties\":{"
		"\"version\":{\"type\":\"string\"},\"started\":{\"type\":\"string\",\"format\":"
		"\"date-time\"},"
		"\"uptime_s\":{\"type\":\"integer\"},\"zone\":{\"type\":\"string\"},"
		"\"host_id\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{16}$\"},"
		"\"database\":{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
		"\"key_path\":{\"type\":[\"string\",\"null\"],\"description\":\"where the signing "
		"key is; "
		"told to administrators\"},"
		"\"bytes\":{\"type\":\"integer\"},\"wal_bytes\":{\"type\":\"integer\"},"
		"\"state\":{\"enum\":[\"ok\",\"failing\"]},\"error\":{\"type\":[\"string\","
		"\"null\"]},"
		"\"since\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
		"\"last_entry\":{\"type\":\"integer\"},"
		"\"queued\":{\"type\":\"integer\",\"description\":\"messages waiting for the "
		"writer\"},"
		"\"commits\":{\"type\":\"integer\",\"description\":\"since the daemon started\"},"
		"\"cycles\":{\"type\":\"integer\",\"description\":\"stored since the daemon "
		"started\"}}},"
		"\"record\":{\"type\":\"object\",\"properties\":{\"state\":{\"enum\":[\"ok\","
		"\"broken\",\"unverified\"]},\"verified\":{\"type\":[\"string\",\"null\"],"
		"\"format\":\"date-time\",\"description\":\"when somebody last did\"},"
		"\"entry\":{\"type\":[\"integer\",\"null\"],\"description\":\"the newest one "
		"then\"},\"problem\":{\"type\":[\"string\",\"null\"],\"description\":\"the "
		"first thing that did not hold\"}}},"
		"\"pens\":{\"type\":\"object\",\"properties\":{\"known\":{\"type\":\"integer\"},"
		"\"attached\":{\"type\":\"integer\"},\"draining\":{\"type\":\"integer\"},\"live\":{"
		"\"type\":\"integer\"}}},"
		"\"ports\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
		"\"path\":{\"type\":\"string\"},\"state\":{\"enum\":[\"open\",\"waiting\",\"busy\","
		"\"refused\"]},"
		"\"trouble\":{\"type\":[\"string\",\"null\"]},\"pen\":{\"type\":[\"string\","
		"\"null\"]}}}},"
		"\"clients\":{\"type\":\"integer\"}}}",
	.run = daemon_status_run,
};
