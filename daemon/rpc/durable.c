/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "durable.h"
#include "jsonline.h"
#include "server_internal.h"

#define PAGE_ENTRIES 256		   /* of one read */
#define RETRY_MIN_US (100 * USEC_PER_MSEC) /* after the readers refused or failed: doubles ... */
#define RETRY_MAX_US (5 * USEC_PER_SEC)	   /* ... up to this */

/* A read for all followers, or for one client that is behind. */
struct follow {
	struct events *events; /* NULL: nobody wants it any more */
	struct client *client; /* NULL: for all followers */
	struct db_job *job;
};

/* One entry, as entry.list answers it. Pieces borrow from the answer. */
struct entry {
	int64_t seq;
	struct json_piece at, action, pen, payload;
	struct serial serial; /* "": of no pen */
};

/* ---- entries ---- */

/* The serial number in quotes, its escapes undone. */
static void serial_decode(struct json_piece text, struct serial *out)
{
	json_t *value;

	out->text[0] = '\0';
	if (!text.at)
		return;
	value = json_loadb(text.at, text.len, JSON_DECODE_ANY, NULL);
	if (json_is_string(value))
		snprintf(out->text, sizeof(out->text), "%s", json_string_value(value));
	json_decref(value);
}

static bool entry_decode(struct json_piece row, struct entry *ret)
{
	struct json_piece rest = json_inside(row, '{'), name, value;

	*ret = (struct entry){0};
	while (json_next_member(&rest, &name, &value)) {
		if (json_piece_eq(name, "entry"))
			ret->seq = strtoll(value.at, NULL, 10);
		else if (json_piece_eq(name, "at"))
			ret->at = value;
		else if (json_piece_eq(name, "action"))
			ret->action = value;
		else if (json_piece_eq(name, "pen"))
			ret->pen = value;
		else if (json_piece_eq(name, "payload"))
			ret->payload = value;
	}
	serial_decode(ret->pen, &ret->serial);
	return ret->seq > 0 && ret->at.at && ret->action.at && ret->payload.at;
}

static struct line *entry_line(struct events *e, const struct entry *entry)
{
	struct buf *b = &e->scratch;

	buf_reset(b);
	buf_adds(b, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"stream\":\"durable\"");
	json_kv_int(b, "cursor", entry->seq);
	json_key(b, "kind");
	json_raw(b, entry->action.at, entry->action.len);
	json_key(b, "at");
	json_raw(b, entry->at.at, entry->at.len);
	if (entry->serial.text[0]) {
		json_key(b, "pen");
		json_raw(b, entry->pen.at, entry->pen.len);
	}
	json_key(b, "data");
	json_raw(b, entry->payload.at, entry->payload.len);
	buf_adds(b, "}}");
	return b->error ? NULL : line_new(b->data, b->len, true);
}

/*
 * Queues an entry for a client, or counts it as seen if it is of a pen that the client does not ask
 * for. False: no room; it goes on from its cursor when it has read what it has. Half of the room
 * stays for live events.
 */
static bool push_entry(struct client *c, const struct entry *entry, struct line *line)
{
	size_t waiting = c->out.event_bytes;

	if (subscription_wants(&c->durable, entry->serial.text[0] ? entry->serial.text : NULL)) {
		if (!line || (waiting > 0 && waiting + line->len > LIMIT_EVENT_BYTES / 2))
			return false;
		client_push(c, line);
	}
	c->cursor = entry->seq;
	return true;
}

/* ---- reading ---- */

static struct follow *follow_free(struct follow *f)
{
	db_job_free(f->job);
	free(f);
	return NULL;
}

static int job_set(struct db_job *job, const char *name, int64_t value)
{
	char text[24], problem[256];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, name))
			return db_query_set(job, i, text, strlen(text), problem);
	return -ENOENT;
}

static void follow_on_done(struct db_job *job, void *ctx);

/* Starts a read of the entries after @after. NULL: refused. */
static struct follow *follow_start(struct events *e, struct client *c, int64_t after)
{
	struct follow *f = calloc(1, sizeof(*f));
	char problem[256];

	if (!f)
		return NULL;
	*f = (struct follow){.events = e, .client = c, .job = calloc(1, sizeof(*f->job))};
	if (!f->job) {
		free(f);
		return NULL;
	}
	f->job->query = db_query_find("entry.list");
	assert(f->job->query);
	f->job->out = BUF_INIT(LIMIT_RESULT_BYTES);
	f->job->done = follow_on_done;
	f->job->ctx = f;
	if (job_set(f->job, "after", after) < 0 || job_set(f->job, "limit", e->page) < 0 ||
	    db_query_bind(f->job, problem) < 0 || db_read(e->server->db, f->job) < 0)
		return follow_free(f);
	return f;
}

static void durable_retry_later(struct events *e)
{
	sd_event_source_set_time_relative(e->retry, (uint64_t)e->retry_us);
	e->retry_us = MIN(2 * e->retry_us, RETRY_MAX_US);
	sd_event_source_set_enabled(e->retry, SD_EVENT_ONESHOT);
}

static bool has_followers(const struct events *e)
{
	for (const struct client *c = e->durable; c; c = c->durable.next)
		if (!c->behind)
			return true;
	return false;
}

/* Gets the followers what is new. Without followers there is nothing to read: who is behind reads
 * by itself. */
static void durable_follow(struct events *e)
{
	if (e->follow || e->head >= e->last)
		return;
	if (!has_followers(e)) {
		e->head = e->last;
		return;
	}
	e->follow = follow_start(e, NULL, e->head);
	if (!e->follow)
		durable_retry_later(e);
}

void durable_catch_up(struct events *e, struct client *c)
{
	/* A page that found no room is not read again before all is taken. */
	if (c->out.event_bytes > (c->stuck ? 0 : LIMIT_EVENT_BYTES / 4))
		return;
	c->stuck = false;
	if (c->cursor >= e->head) {
		c->behind = false;
		return;
	}
	c->catchup = follow_start(e, c, c->cursor);
	if (!c->catchup)
		durable_retry_later(e);
}

void durable_cancel(struct client *c)
{
	if (c->catchup)
		c->catchup->events = NULL;
	c->catchup = NULL;
	c->behind = c->stuck = false;
}

/* ---- what came ---- */

static void push_followers(struct events *e, const struct entry *entry)
{
	_cleanup_(line_unrefp) struct line *line = entry_line(e, entry);

	for (struct client *c = e->durable; c; c = c->durable.next)
		if (!c->behind && entry->seq > c->cursor && !push_entry(c, entry, line)) {
			c->behind = true;
			client_schedule(c);
		}
	e->head = entry->seq;
}

static bool push_behind(struct events *e, struct client *c, const struct entry *entry)
{
	_cleanup_(line_unrefp) struct line *line = entry_line(e, entry);

	return push_entry(c, entry, line);
}

/* Hands the rows on. Returns how many there were, -EBADMSG when the answer is not what entry.list
 * answers. */
static int follow_deliver(struct events *e, struct client *c, const struct buf *answer)
{
	struct json_piece rest = json_inside((struct json_piece){answer->data, answer->len}, '{');
	struct json_piece name, value, row;
	int n = 0;

	if (!json_next_member(&rest, &name, &value) || !json_piece_eq(name, "rows"))
		return -EBADMSG;
	rest = json_inside(value, '[');
	while (json_next_element(&rest, &row)) {
		struct entry entry;

		if (!entry_decode(row, &entry))
			return -EBADMSG;
		n++;
		if (!c)
			push_followers(e, &entry);
		else if (!push_behind(e, c, &entry))
			break;
	}
	return n;
}

static void follow_on_done(struct db_job *job, void *ctx)
{
	struct follow *f = ctx;
	struct events *e = f->events;
	struct client *c = f->client;
	int64_t before = c && e ? c->cursor : 0;
	unsigned page = e ? e->page : 0;
	int n;

	if (!e) {
		follow_free(f);
		return;
	}
	if (c)
		c->catchup = NULL;
	else
		e->follow = NULL;
	n = job->result < 0 ? job->result : follow_deliver(e, c, &job->out);
	follow_free(f);
	if (n < 0) {
		/* Entries may be so large that a page of them is too much. */
		if (n == -E2BIG)
			e->page = MAX(e->page / 4, 1u);
		else if (n != -ECANCELED)
			log_warning("cannot read entries for the durable stream", "ERROR",
				    strerror(-n), NULL);
		durable_retry_later(e);
		return;
	}
	e->retry_us = RETRY_MIN_US;
	if (!c) {
		/* An empty page although more was announced: not to be asked for again and again.
		 */
		if (n == 0)
			e->head = e->last;
		durable_follow(e);
		return;
	}
	c->stuck = n > 0 && c->cursor == before;
	if (n < (int)page && c->cursor >= e->head)
		c->behind = false;
	if (c->stuck && c->out.event_bytes == 0)
		durable_retry_later(e); /* all the room there can be was not enough: no memory */
	else
		client_schedule(c);
}

static void durable_on_entries(int64_t last_entry, void *ctx)
{
	struct events *e = ctx;

	e->last = MAX(e->last, last_entry);
	durable_follow(e);
	warn_wake(&e->warn);
}

static int durable_on_retry(sd_event_source *source, uint64_t at, void *ctx)
{
	struct events *e = ctx;

	(void)source;
	(void)at;
	durable_follow(e);
	for (struct client *c = e->durable; c; c = c->durable.next)
		if (c->behind)
			client_schedule(c);
	return 0;
}

int durable_init(struct events *e)
{
	int r;

	e->retry_us = RETRY_MIN_US;
	e->page = PAGE_ENTRIES;
	r = sd_event_add_time_relative(e->server->event, &e->retry, CLOCK_MONOTONIC, RETRY_MIN_US,
				       0, durable_on_retry, e);
	if (r < 0)
		return r;
	sd_event_source_set_description(e->retry, "rpc-durable-retry");
	db_on_entries(e->server->db, durable_on_entries, e);
	return sd_event_source_set_enabled(e->retry, SD_EVENT_OFF);
}

void durable_done(struct events *e)
{
	db_on_entries(e->server->db, NULL, NULL);
	if (e->follow)
		e->follow->events = NULL;
	e->retry = sd_event_source_disable_unref(e->retry);
}
