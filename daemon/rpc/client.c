/* SPDX-License-Identifier: MIT */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "client.h"
#include "jsonline.h"
#include "server_internal.h"

#define READ_BYTES   16384u /* taken from the socket in one go */
#define IN_BYTES_MAX ((size_t)LIMIT_LINE_BYTES + READ_BYTES)

/* ---- lines in ---- */

static void client_say(struct client *c, enum rpc_code code, const char *message, int64_t limit)
{
	struct rpc_problem p = RPC_PROBLEM_INIT;

	rpc_problem_set(&p, code, "%s", message);
	if (limit > 0)
		json_kv_int(&p.data, "limit", limit);
	call_error_line(c, &p);
	rpc_problem_done(&p);
}

static void client_batch(struct client *c, json_t *items)
{
	if (json_array_size(items) == 0) {
		client_say(c, RPC_REQUEST, "a batch holds at least one request", 0);
		return;
	}
	if (json_array_size(items) > LIMIT_BATCH) {
		client_say(c, RPC_LIMIT, log_fmt("a batch holds at most %d requests", LIMIT_BATCH),
			   LIMIT_BATCH);
		return;
	}
	assert(!c->batch);
	c->batch = calloc(1, sizeof(*c->batch));
	if (c->batch)
		c->batch->items = json_incref(items);
	else
		c->broken = true;
}

/* Starts items of the batch while there is room. */
static void client_pump(struct client *c)
{
	struct batch *b = c->batch;

	if (!b)
		return;
	/* Open by one more while it is worked on, so that its last answer does not free it under
	 * our feet. */
	b->open++;
	while (b->started < json_array_size(b->items) && c->budget > 0 &&
	       c->n_calls < LIMIT_INFLIGHT)
		call_start(c, b, json_array_get(b->items, b->started++));
	b->open--;
	batch_settle(c, b);
}

/* What was read waits: for a batch to be answered, or for answers to be read. */
static bool client_blocked(const struct client *c)
{
	return c->choked || c->batch;
}

static void client_line(struct client *c, const char *line, size_t len)
{
	char problem[JSONLINE_PROBLEM];
	json_t *root;
	int r;

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len == 0)
		return;
	r = jsonline_parse(line, len, &root, problem);
	if (r < 0) {
		client_say(c, r == -EBADMSG ? RPC_PARSE : RPC_LIMIT, problem,
			   r == -ELOOP	 ? LIMIT_JSON_DEPTH
			   : r == -E2BIG ? LIMIT_JSON_VALUES
					 : 0);
		return;
	}
	if (json_is_array(root))
		client_batch(c, root);
	else
		call_start(c, NULL, root);
	json_decref(root);
}

/* Takes the next line out of what was read; NULL when there is no whole one. *@at: bytes already
 * taken, moved on. */
static const char *client_next_line(struct client *c, size_t *at, size_t *ret_len)
{
	size_t from = MAX(c->in_scanned, *at);
	const char *line;
	char *end;

	if (*at == c->in_len)
		return NULL;
	line = c->in + *at;
	end = memchr(c->in + from, '\n', c->in_len - from);
	if (!end) {
		c->in_scanned = c->in_len;
		/* Text without an end at the end of all: nothing can be missing from JSON that
		 * parses. */
		if (!c->eof)
			return NULL;
		end = c->in + c->in_len;
	}
	*ret_len = (size_t)(end - line);
	*at = MIN((size_t)(end - c->in) + 1, c->in_len);
	return line;
}

static void client_lines(struct client *c)
{
	const char *line;
	size_t at = 0, len;

	while (c->budget > 0 && !client_blocked(c) && !c->broken &&
	       (line = client_next_line(c, &at, &len))) {
		if (c->skipping)
			c->skipping = false;
		else if (len > LIMIT_LINE_BYTES)
			client_say(c, RPC_LIMIT,
				   log_fmt("a line holds at most %d bytes", LIMIT_LINE_BYTES),
				   LIMIT_LINE_BYTES);
		else
			client_line(c, line, len);
		c->budget -= 1 + (int)(len / LIMIT_SLICE_BYTES);
		client_pump(c);
		c->choked = c->out.answer_bytes > LIMIT_UNREAD_BYTES;
	}
	if (at > 0) {
		c->in_len -= at;
		memmove(c->in, c->in + at, c->in_len);
		c->in_scanned = c->in_scanned > at ? c->in_scanned - at : 0;
	}
	/* A line that is longer than any may be: its rest is let go by as it comes. */
	if (c->in_scanned == c->in_len && (c->skipping || c->in_len > LIMIT_LINE_BYTES)) {
		if (!c->skipping)
			client_say(c, RPC_LIMIT,
				   log_fmt("a line holds at most %d bytes", LIMIT_LINE_BYTES),
				   LIMIT_LINE_BYTES);
		c->skipping = true;
		c->in_len = c->in_scanned = 0;
	}
	if (c->in_len == 0) {
		free(c->in);
		c->in = NULL;
		c->in_cap = c->in_scanned = 0;
	}
}

/* Whether what was read holds something that can be handled without reading more. */
static bool client_has_lines(const struct client *c)
{
	return c->in_len > c->in_scanned || (c->eof && c->in_len > 0);
}

/* Reads once. */
static void client_read(struct client *c)
{
	ssize_t n;

	if (c->in_cap - c->in_len < READ_BYTES) {
		size_t cap = MIN(MAX(2 * c->in_cap, c->in_len + READ_BYTES), IN_BYTES_MAX);
		char *in = realloc(c->in, cap);

		if (!in) {
			c->broken = true;
			return;
		}
		c->in = in;
		c->in_cap = cap;
	}
	n = recv(c->fd, c->in + c->in_len, READ_BYTES, MSG_DONTWAIT);
	if (n > 0)
		c->in_len += (size_t)n;
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		c->broken = true;
}

/* ---- its turn ---- */

/* Hands waiting queries to the readers: a few at a time, so that one client's many do not keep
 * another's one waiting. */
static void client_start_reads(struct client *c)
{
	while (c->waiting && c->n_reading < LIMIT_READERS &&
	       c->out.answer_bytes <= LIMIT_UNREAD_BYTES) {
		struct call *call = c->waiting;

		c->waiting = call->queued;
		if (!c->waiting)
			c->waiting_end = &c->waiting;
		call->queued = NULL;
		call_read(call);
	}
}

static void client_send(struct client *c)
{
	int r = outq_send(&c->out, c->fd);

	if (r < 0 && r != -EAGAIN)
		c->broken = true;
	if (c->out.answer_bytes <= LIMIT_UNREAD_BYTES / 2)
		c->choked = false;
}

static bool client_finished(const struct client *c)
{
	if (c->broken)
		return true;
	return c->eof && c->in_len == 0 && c->n_calls == 0 && !c->batch && c->out.count == 0 &&
	       !c->live.on && !c->durable.on;
}

static void client_watch(struct client *c)
{
	uint32_t mask =
		(c->eof || client_blocked(c) ? 0 : EPOLLIN) | (c->out.count > 0 ? EPOLLOUT : 0);

	if (mask != c->io_mask && sd_event_source_set_io_events(c->io, mask) >= 0)
		c->io_mask = mask;
}

int client_work(struct client *c)
{
	int spent;

	c->busy = true;
	c->budget = LIMIT_SLICE;
	if (!c->choked && !c->broken) {
		client_pump(c);
		client_lines(c);
	}
	spent = LIMIT_SLICE - c->budget;
	client_send(c);
	if (!c->broken && events_refill(&c->server->events, c))
		client_send(c);
	c->busy = false;
	client_start_reads(c);
	server_count_unread(c->server, c);
	if (client_finished(c)) {
		client_free(c);
		return spent;
	}
	client_watch(c);
	if (spent >= LIMIT_SLICE || (!client_blocked(c) && client_has_lines(c)))
		client_schedule(c);
	return spent;
}

static int client_on_io(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct client *c = ctx;

	(void)source;
	(void)fd;
	/* Gone for good: what it sent before is still read, but nobody is there for answers. */
	if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
		c->broken = true;
	if ((events & EPOLLIN) && !client_has_lines(c))
		client_read(c);
	client_work(c);
	return 0;
}

void client_schedule(struct client *c)
{
	if (!c->busy)
		server_schedule(c->server, c);
}

void client_push(struct client *c, struct line *line)
{
	if (outq_push(&c->out, line) < 0)
		c->broken = true;
	client_schedule(c);
}

void client_push_now(struct client *c, struct line *line)
{
	bool direct = c->out.count == 0 && !c->busy && !c->scheduled && !c->broken;

	if (outq_push(&c->out, line) < 0)
		c->broken = true;
	else if (direct)
		client_send(c);
	if (!direct || c->broken || c->out.count > 0)
		client_schedule(c);
}

int client_new(struct client **ret, struct server *server, int fd, const struct peer *peer)
{
	struct client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = server;
	c->fd = fd;
	c->peer = *peer;
	c->waiting_end = &c->waiting;
	c->io_mask = EPOLLIN;
	r = sd_event_add_io(server->event, &c->io, fd, EPOLLIN, client_on_io, c);
	if (r < 0) {
		free(c);
		return r;
	}
	sd_event_source_set_description(c->io, "rpc-client");
	server_add_client(server, c);
	*ret = c;
	return 0;
}

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	events_leave(&c->server->events, c);
	server_drop_client(c->server, c);
	while (c->calls) {
		struct call *call = c->calls;

		c->calls = call->next;
		call_drop(call);
	}
	if (c->batch)
		batch_free(c->batch);
	sd_event_source_disable_unref(c->io);
	safe_close(c->fd);
	outq_done(&c->out);
	free(c->in);
	free(c);
	return NULL;
}
