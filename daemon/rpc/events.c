/* SPDX-License-Identifier: MIT */
/* Who listens, and the live stream. durable.c has the other. */
#include "base/log.h"
#include "base/timefmt.h"
#include "durable.h"
#include "events.h"
#include "live.h"
#include "server_internal.h"

int serial_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool subscription_wants(const struct subscription *s, const char *serial)
{
	if (!s->pens)
		return true;
	return serial && bsearch(serial, s->pens, s->n_pens, sizeof(*s->pens), serial_compare);
}

static void subscription_stop(struct subscription *s)
{
	free(s->pens);
	*s = (struct subscription){0};
}

/* ---- live ---- */

/* So many listeners get a live event by a system call each, at once; with more, their turn gathers
 * what several pens said. */
#define DIRECT_LISTENERS 4

/* @line NULL: there was no memory for it, which is a loss like any other. */
static void push_live(struct client *c, struct line *line, uint64_t n, bool direct)
{
	size_t waiting = c->out.event_bytes;

	if (c->gap_from) {
		c->gap_to = n;
	} else if (!line || (waiting > 0 && waiting + line->len > LIMIT_EVENT_BYTES)) {
		c->gap_from = c->gap_to = n;
		log_debug("a client does not read its events", "UID",
			  log_fmt("%u", (unsigned)c->peer.uid), "PID",
			  log_fmt("%d", (int)c->peer.pid), NULL);
	} else if (direct) {
		client_push_now(c, line);
	} else {
		client_push(c, line);
	}
}

void events_tell(struct events *e, const char *serial)
{
	_cleanup_(line_unrefp) struct line *line = NULL;
	unsigned told = 0;

	if (e->scratch.error == 0)
		line = line_new(e->scratch.data, e->scratch.len, true);
	e->n++;
	for (struct client *c = e->live; c; c = c->live.next)
		if (subscription_wants(&c->live, serial))
			push_live(c, line, e->n, told++ < DIRECT_LISTENERS);
}

static void events_on_live(const struct live_event *event, void *ctx)
{
	struct events *e = ctx;

	if (!e->live)
		return;
	buf_reset(&e->scratch);
	live_encode(&e->scratch, event, e->n + 1, now_utc_us());
	events_tell(e, event->pen->serial);
}

static bool tell_gap(struct events *e, struct client *c)
{
	_cleanup_(line_unrefp) struct line *line = NULL;

	buf_reset(&e->scratch);
	live_encode_gap(&e->scratch, c->gap_from, c->gap_to, now_utc_us());
	if (e->scratch.error == 0)
		line = line_new(e->scratch.data, e->scratch.len, true);
	if (!line)
		return false;
	c->gap_from = c->gap_to = 0;
	client_push(c, line);
	return true;
}

/* ---- who listens ---- */

static void unlink_live(struct events *e, struct client *c)
{
	for (struct client **at = &e->live; *at; at = &(*at)->live.next)
		if (*at == c) {
			*at = c->live.next;
			break;
		}
	subscription_stop(&c->live);
}

static void unlink_durable(struct events *e, struct client *c)
{
	for (struct client **at = &e->durable; *at; at = &(*at)->durable.next)
		if (*at == c) {
			*at = c->durable.next;
			break;
		}
	subscription_stop(&c->durable);
	durable_cancel(c);
}

void events_listen_live(struct events *e, struct client *c, struct serial *pens, size_t n_pens)
{
	unlink_live(e, c);
	c->live =
		(struct subscription){.on = true, .pens = pens, .n_pens = n_pens, .next = e->live};
	if (!e->live)
		manager_want_live(e->server->manager, true);
	e->live = c;
}

void events_listen_durable(struct events *e, struct client *c, struct serial *pens, size_t n_pens,
			   int64_t after)
{
	assert(after >= 0 && after <= e->last);
	unlink_durable(e, c);
	c->durable = (struct subscription){
		.on = true, .pens = pens, .n_pens = n_pens, .next = e->durable};
	c->cursor = after;
	c->behind = after < e->head;
	e->durable = c;
	client_schedule(c);
}

void events_leave(struct events *e, struct client *c)
{
	if (c->live.on) {
		unlink_live(e, c);
		c->gap_from = c->gap_to = 0;
		if (!e->live)
			manager_want_live(e->server->manager, false);
	}
	if (c->durable.on)
		unlink_durable(e, c);
}

bool events_refill(struct events *e, struct client *c)
{
	bool queued = false;

	/* Not at the first byte of room: a gap should end when some events in a row can follow. */
	if (c->gap_from && c->out.event_bytes <= LIMIT_EVENT_BYTES / 2)
		queued = tell_gap(e, c);
	if (c->durable.on && c->behind && !c->catchup)
		durable_catch_up(e, c);
	return queued;
}

int events_init(struct events *e, struct server *server)
{
	struct db_health health;
	int r;

	*e = (struct events){.server = server, .scratch = BUF_INIT(LIMIT_RESULT_BYTES)};
	db_get_health(server->db, &health);
	e->last = e->head = health.last_entry;
	e->listener = (struct manager_listener){.on_live = events_on_live, .ctx = e};
	manager_listen(server->manager, &e->listener);
	r = warn_init(&e->warn, server);
	return r < 0 ? r : durable_init(e);
}

void events_done(struct events *e)
{
	if (!e->server)
		return;
	assert(!e->live && !e->durable);
	/* The manager keeps its listeners for life; it has nothing more to tell, for server_free()
	 * comes just before its end. */
	durable_done(e);
	warn_done(&e->warn);
	buf_done(&e->scratch);
}
