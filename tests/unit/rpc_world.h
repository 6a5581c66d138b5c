/* SPDX-License-Identifier: MIT */
/*
 * A server on a socket in a temporary directory, over a manager and a database in memory that do
 * what the test tells them.
 */
#ifndef TESTS_RPC_WORLD_H
#define TESTS_RPC_WORLD_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <jansson.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "pw_cycles.h"
#include "rpc/server_internal.h"

#define UNUSED	  __attribute__((unused))
#define PENS_MAX  8
#define TURNS_MAX 1000000 /* of the loop, until a wait is taken for a hang */

struct fake {
	char dir[64], path[96];
	sd_event *event;
	struct server *server;
	/* manager */
	struct pen_view pen[PENS_MAX];
	size_t n_pens;
	struct manager_listener listener;
	bool want_live;
	int identify_result;
	unsigned identified;
	uint32_t identified_ms;
	/* database */
	struct db_job *jobs, **jobs_end;
	struct db_job *audit_job; /* taken in, and kept for the test to end */
	int audit_refused;	  /* what db_read() says to it instead */
	unsigned reads;	      /* jobs taken in */
	int read_result;      /* what db_read() says */
	int job_result;	      /* what a job ends with */
	size_t payload_bytes; /* of an entry */
	int64_t last_entry;
	struct db_msg *msg;
	struct db_health health;
	void (*on_entries)(int64_t last_entry, void *ctx);
	void *on_entries_ctx;
};

static struct fake fake;

/* ---- the manager ---- */

size_t manager_pens(const struct manager *m UNUSED)
{
	return fake.n_pens;
}

const struct pen_view *manager_pen(struct manager *m UNUSED, size_t index)
{
	assert(index < fake.n_pens);
	return &fake.pen[index];
}

const struct pen_view *manager_pen_find(struct manager *m UNUSED, const char *serial)
{
	for (size_t i = 0; i < fake.n_pens; i++)
		if (streq(fake.pen[i].serial, serial))
			return &fake.pen[i];
	return NULL;
}

size_t manager_ports(const struct manager *m UNUSED)
{
	return 1;
}

const struct port_view *manager_port(struct manager *m UNUSED, size_t index UNUSED)
{
	static const struct port_view port = {
		.path = "/invented/port", .state = "busy", .trouble = "in use by invented[7]"};

	return &port;
}

void manager_listen(struct manager *m UNUSED, const struct manager_listener *listener)
{
	fake.listener = *listener;
}

void manager_want_live(struct manager *m UNUSED, bool want)
{
	fake.want_live = want;
}

int manager_identify(struct manager *m UNUSED, const char *serial UNUSED, uint32_t duration_ms)
{
	fake.identified++;
	fake.identified_ms = duration_ms;
	return fake.identify_result;
}

const char *pen_state_name(enum pen_state s)
{
	static const char *const names[] = {"away",	"greeting", "attaching",
					    "draining", "live",	    "stalled"};

	return names[s];
}

static UNUSED void fake_add_pen(const char *serial)
{
	fake.pen[fake.n_pens++] = (struct pen_view){
		.serial = serial,
		.manufacturer = "Invented",
		.model = "Pen",
		.firmware = "1.0",
		.state = PEN_LIVE,
		.pen_id = (int64_t)fake.n_pens,
		.depth_uncertainty_um = PW_UNKNOWN_U16,
		.depth_resolution_um = 10,
		.stroke_um = 3500,
		.stale_after_us = 5 * USEC_PER_SEC,
	};
}

static UNUSED void fake_live_cycles(size_t pen, uint32_t run, uint32_t count)
{
	static uint32_t period_us[PW_CYCLES_MAX];
	static uint16_t depth_um[PW_CYCLES_MAX];

	assert(count <= PW_CYCLES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		period_us[i] = i == 1 ? PW_PERIOD_UNKNOWN : 8000 + i;
		depth_um[i] = i == 2 ? PW_DEPTH_UNKNOWN : (uint16_t)(700 + i % 100);
	}
	fake.listener.on_live(
		&(struct live_event){
			.kind = LIVE_CYCLES,
			.pen = &fake.pen[pen],
			.run = run,
			.count = count,
			.start_us = TIME_UNKNOWN,
			.period_us = period_us,
			.depth_um = depth_um,
		},
		fake.listener.ctx);
}

/* ---- the database ---- */

void db_get_health(struct db *db UNUSED, struct db_health *ret)
{
	*ret = fake.health;
	ret->last_entry = fake.last_entry;
}

uint64_t db_host_id(const struct db *db UNUSED)
{
	return UINT64_C(0x0123456789abcdef);
}

void db_on_entries(struct db *db UNUSED, void (*on_entries)(int64_t last_entry, void *ctx),
		   void *ctx)
{
	fake.on_entries = on_entries;
	fake.on_entries_ctx = ctx;
}

/* Backups are tried with a real database; here there are none. */
int db_backup_start(struct db_backup **ret UNUSED, struct db *db UNUSED)
{
	return -EAGAIN;
}

struct db_backup *db_backup_free(struct db_backup *b)
{
	assert(!b);
	return NULL;
}

void db_backup_status(struct db_backup *b UNUSED, struct db_job *job UNUSED)
{
	abort();
}

void db_backup_read(struct db_backup *b UNUSED, struct db_job *job UNUSED, int64_t offset UNUSED)
{
	abort();
}

int db_read_key(const struct db *db UNUSED, struct buf *out UNUSED)
{
	return -ENOENT;
}

int db_read(struct db *db UNUSED, struct db_job *job)
{
	/* What the audit looks at after each commit is a matter of test_rpc_warn.c. */
	if (streq(job->query->method, "audit.touched")) {
		if (fake.audit_refused < 0)
			return fake.audit_refused;
		assert(!fake.audit_job);
		fake.audit_job = job;
		return 0;
	}
	if (fake.read_result < 0)
		return fake.read_result;
	fake.reads++;
	job->next = NULL;
	*fake.jobs_end = job;
	fake.jobs_end = &job->next;
	return 0;
}

struct db_job *db_job_free(struct db_job *job)
{
	if (!job)
		return NULL;
	for (size_t i = 0; i < DB_PARAMS_MAX; i++)
		free(job->value[i].text);
	buf_done(&job->out);
	buf_done(&job->refusal.data);
	free(job);
	return NULL;
}

void db_submit(struct db *db UNUSED, struct db_msg *msg)
{
	struct db_msg **end = &fake.msg;

	while (*end)
		end = &(*end)->next;
	msg->next = NULL;
	*end = msg;
}

/* The oldest message, as the writer leaves it: NULL when there is none. */
static UNUSED struct db_msg *fake_take_msg(void)
{
	struct db_msg *msg = fake.msg;

	if (!msg)
		return NULL;
	fake.msg = msg->next;
	if (msg->op == DB_MARK)
		buf_done(&msg->mark.detail);
	return msg;
}

static UNUSED int64_t fake_argument(const struct db_job *job, const char *name)
{
	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, name) && job->value[i].set)
			return job->value[i].text ? strtoll(job->value[i].text, NULL, 10)
						  : job->value[i].i;
	return -1;
}

/* Entries of the fake chain: odd ones are of the first pen, each third is of none. */
static void fake_entries(struct db_job *job)
{
	int64_t after = fake_argument(job, "after"), limit = fake_argument(job, "limit");
	struct buf *b = &job->out;

	json_open(b, '{');
	json_key(b, "rows");
	json_open(b, '[');
	for (int64_t seq = MAX(after, INT64_C(0)) + 1; seq <= fake.last_entry && limit-- > 0;
	     seq++) {
		json_open(b, '{');
		json_kv_int(b, "entry", seq);
		json_kv_time(b, "at", seq * USEC_PER_SEC);
		json_kv_text(b, "actor", "daemon");
		json_kv_text(b, "action", "run.add");
		json_kv_text(b, "pen",
			     seq % 3 == 0 || fake.n_pens < 2 ? NULL
							     : fake.pen[seq % 2 ? 0 : 1].serial);
		json_key(b, "payload");
		json_open(b, '{');
		json_kv_text(b, "odd \"text\" ]}", "\\\"");
		json_key(b, "fill");
		buf_addc(b, '"');
		for (size_t i = 0; i < fake.payload_bytes; i++)
			buf_addc(b, 'x');
		buf_addc(b, '"');
		json_close(b, '}');
		json_close(b, '}');
	}
	json_close(b, ']');
	json_key(b, "next");
	json_nil(b);
	json_close(b, '}');
}

/* Ends the oldest read. False when there is none. */
static UNUSED bool fake_db_step(void)
{
	struct db_job *job = fake.jobs;

	if (!job)
		return false;
	fake.jobs = job->next;
	if (!fake.jobs)
		fake.jobs_end = &fake.jobs;
	job->next = NULL;
	job->result = fake.job_result;
	if (job->result == 0 && streq(job->query->method, "entry.list"))
		fake_entries(job);
	else if (job->result == 0)
		buf_adds(&job->out, "{\"rows\":[],\"next\":null}");
	job->done(job, job->ctx);
	return true;
}

static UNUSED void fake_commit(int64_t last_entry)
{
	fake.last_entry = last_entry;
	fake.on_entries(last_entry, fake.on_entries_ctx);
}

/* ---- life ---- */

static UNUSED void fake_quiet(enum log_level level UNUSED, const char *message UNUSED,
			      const struct log_field *fields UNUSED, size_t n_fields UNUSED)
{
}

static UNUSED int fake_start(void **state UNUSED)
{
	struct server_config config = {
		.fd = -EBADF, .db_path = "/invented/stipple.db", .zone = "UTC", .started_us = 1};

	log_set_sink(fake_quiet);
	fake = (struct fake){.payload_bytes = 10};
	fake.jobs_end = &fake.jobs;
	strcpy(fake.dir, "/tmp/stipple-rpc-XXXXXX");
	assert(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/socket", fake.dir);
	config.path = fake.path;
	assert(sd_event_new(&fake.event) == 0);
	assert(server_new(&fake.server, fake.event, NULL, NULL, &config) == 0);
	return 0;
}

static UNUSED int fake_stop(void **state UNUSED)
{
	struct stat st;

	fake.server = server_free(fake.server);
	/* The database brings back what it still has, after the server. */
	fake.job_result = -ECANCELED;
	if (fake.audit_job) {
		fake.audit_job->result = -ECANCELED;
		fake.audit_job->done(fake.audit_job, fake.audit_job->ctx);
	}
	while (fake_db_step())
		;
	for (struct db_msg *msg; (msg = fake_take_msg());) {
		msg->result = -ECANCELED;
		msg->done(msg, msg->ctx);
	}
	fake.event = sd_event_unref(fake.event);
	assert(stat(fake.path, &st) == -1);
	assert(rmdir(fake.dir) == 0);
	return 0;
}

/* Turns the loop until nothing is to be done. */
static UNUSED void fake_settle(void)
{
	for (int i = 0; sd_event_run(fake.event, 0) > 0; i++)
		assert(i < TURNS_MAX);
}

#endif
