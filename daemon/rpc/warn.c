/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "db/audit_list.h"
#include "server_internal.h"

#define RETRY_US     (500 * USEC_PER_MSEC)
#define DUE_SLACK_US (100 * USEC_PER_MSEC) /* a warning is told within a second of the fact */

/* One look at what changed: a reader's job, then, where there is anything to keep, a message to the writer. */
struct warn_round {
	struct warn *warn;  /* NULL: nobody wants it any more */
	struct db_job *job; /* whose answer the message names */
	struct db_msg msg;
	json_t *answer;	   /* NULL: none, or none that was understood */
	int64_t entry;	   /* looked at up to this one */
	int64_t lots, met; /* where the next goes on with what lots met; lots -1: done */
	int64_t due_us;	   /* time alone makes a finding then, UTC; 0: never */
};

static struct warn_round *round_free(struct warn_round *r)
{
	db_job_free(r->job);
	json_decref(r->answer);
	free(r);
	return NULL;
}

static void retry_later(struct warn *w)
{
	w->again = true;
	sd_event_source_set_time_relative(w->retry, RETRY_US);
	sd_event_source_set_enabled(w->retry, SD_EVENT_ONESHOT);
}

/* The last round knows: whatever comes sooner comes by a commit, which wakes too. By the clock on
 * the wall, which may be set. */
static void look_at(struct warn *w, int64_t due_us)
{
	if (due_us > 0)
		sd_event_source_set_time(w->due, (uint64_t)due_us);
	sd_event_source_set_enabled(w->due, due_us > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* ---- telling ---- */

static void add_member(struct buf *b, const json_t *finding, const char *name, const char *as)
{
	const json_t *value = json_object_get(finding, name);

	if (json_is_string(value))
		json_kv_text(b, as, json_string_value(value));
	else if (json_is_integer(value))
		json_kv_int(b, as, json_integer_value(value));
}

static void tell(struct events *e, const json_t *finding)
{
	const char *serial = json_string_value(json_object_get(finding, "serial"));
	struct buf *b = &e->scratch;

	if (!e->live)
		return;
	buf_reset(b);
	buf_adds(b, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"stream\":\"live\"");
	json_kv_int(b, "n", (int64_t)e->n + 1);
	json_kv_text(b, "kind", "audit.finding");
	json_kv_time(b, "at", now_utc_us());
	if (serial)
		json_kv_text(b, "pen", serial);
	json_key(b, "data");
	json_open(b, '{');
	add_member(b, finding, "finding", "finding");
	add_member(b, finding, "rule", "rule");
	add_member(b, finding, "severity", "severity");
	add_member(b, finding, "session", "session");
	add_member(b, finding, "client", "client");
	add_member(b, finding, "lot", "lot");
	json_kv_time(b, "at", json_integer_value(json_object_get(finding, "at_us")));
	add_member(b, finding, "says", "says");
	add_member(b, finding, "does", "do");
	json_close(b, '}');
	buf_adds(b, "}}");
	events_tell(e, serial);
}

/* ---- a round ---- */

/* What it looked at, it looked at. */
static void has_looked(struct warn *w, const struct warn_round *r)
{
	w->after = r->entry;
	w->lots = r->lots;
	w->met = r->met;
	w->again |= r->lots >= 0;
	look_at(w, r->due_us);
}

/* It is written down: now it may be told. */
static void on_kept(struct db_msg *msg, void *ctx)
{
	struct warn_round *r = ctx;
	struct warn *w = r->warn;
	const json_t *finding;
	size_t i;

	if (!w) {
		round_free(r);
		return;
	}
	w->round = NULL;
	if (msg->result < 0) {
		if (msg->result != -ECANCELED)
			log_warning("what the audit found cannot be kept, and is not told", "ERROR",
				    strerror(-msg->result), NULL);
		round_free(r);
		retry_later(w);
		return;
	}
	has_looked(w, r);
	json_array_foreach(json_object_get(r->answer, "findings"), i, finding)
	{
		if (json_is_true(json_object_get(finding, "new")))
			tell(&w->server->events, finding);
	}
	round_free(r);
	if (w->again)
		warn_wake(w);
}

static void keep(struct warn *w, struct warn_round *r)
{
	r->msg = (struct db_msg){
		.op = DB_SEEN, .done = on_kept, .ctx = r, .seen.told = r->job->out.data};
	r->msg.urgent = json_is_true(json_object_get(r->answer, "changed"));
	db_submit(w->server->db, &r->msg);
}

static void read_answer(struct warn_round *r)
{
	const json_t *rest;

	r->answer = json_loadb(r->job->out.data, r->job->out.len, 0, NULL);
	rest = json_object_get(r->answer, "rest");
	r->entry = json_integer_value(rest ? json_object_get(rest, "after")
					   : json_object_get(r->answer, "entry"));
	r->lots = rest ? json_integer_value(json_object_get(rest, "lots")) : -1;
	r->met = json_integer_value(json_object_get(rest, "met"));
	r->due_us = json_integer_value(json_object_get(r->answer, "due_us"));
}

static void on_looked(struct db_job *job, void *ctx)
{
	struct warn_round *r = ctx;
	struct warn *w = r->warn;

	if (!w) {
		round_free(r);
		return;
	}
	if (job->result == 0)
		read_answer(r);
	if (r->answer && json_is_true(json_object_get(r->answer, "keep"))) {
		keep(w, r);
		return;
	}
	w->round = NULL;
	if (r->answer) {
		has_looked(w, r);
	} else if (job->result != -ECANCELED) {
		log_warning("the audit's rules could not be evaluated", "ERROR",
			    strerror(job->result < 0 ? -job->result : ENOMEM), "DETAIL",
			    job->problem, NULL);
		retry_later(w);
	}
	round_free(r);
	if (w->again && sd_event_source_get_enabled(w->retry, NULL) == 0)
		warn_wake(w);
}

static struct warn_round *start(struct warn *w)
{
	struct warn_round *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->warn = w;
	r->job = calloc(1, sizeof(*r->job));
	if (!r->job) {
		free(r);
		return NULL;
	}
	r->job->query = &db_audit_touched;
	r->job->out = BUF_INIT(LIMIT_RESULT_BYTES);
	r->job->done = on_looked;
	r->job->ctx = r;
	if (w->after >= 0)
		r->job->value[0] = (struct db_value){.set = true, .i = w->after};
	if (w->lots >= 0) {
		r->job->value[1] = (struct db_value){.set = true, .i = w->lots};
		r->job->value[2] = (struct db_value){.set = true, .i = w->met};
	}
	return db_read(w->server->db, r->job) < 0 ? round_free(r) : r;
}

void warn_wake(struct warn *w)
{
	w->again = w->round != NULL;
	if (w->round)
		return;
	w->round = start(w);
	if (!w->round)
		retry_later(w);
}

static int on_time(sd_event_source *source, uint64_t at, void *ctx)
{
	(void)source;
	(void)at;
	warn_wake(ctx);
	return 0;
}

int warn_init(struct warn *w, struct server *server)
{
	int r;

	*w = (struct warn){.server = server, .after = -1, .lots = -1};
	r = sd_event_add_time_relative(server->event, &w->retry, CLOCK_MONOTONIC, RETRY_US, 0,
				       on_time, w);
	if (r < 0)
		return r;
	sd_event_source_set_description(w->retry, "rpc-warn-retry");
	r = sd_event_source_set_enabled(w->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(server->event, &w->due, CLOCK_REALTIME, UINT64_MAX,
				      DUE_SLACK_US, on_time, w);
	if (r < 0)
		return r;
	sd_event_source_set_description(w->due, "rpc-warn-due");
	r = sd_event_source_set_enabled(w->due, SD_EVENT_OFF);
	if (r >= 0)
		warn_wake(w);
	return r;
}

void warn_done(struct warn *w)
{
	if (w->round)
		w->round->warn = NULL;
	w->round = NULL;
	w->retry = sd_event_source_disable_unref(w->retry);
	w->due = sd_event_source_disable_unref(w->due);
}
