/* SPDX-License-Identifier: MIT */
/* Clients of the server in rpc_world.h. One thread: whoever waits for a line turns the loop. */
#ifndef TESTS_RPC_FAKE_H
#define TESTS_RPC_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc_world.h"

/* ---- clients ---- */

struct peer_end {
	int fd;
	char *in;
	size_t len, cap;
	bool eof;
};

static UNUSED struct peer_end peer_connect(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct peer_end p = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	assert_true(p.fd >= 0);
	strcpy(sun.sun_path, fake.path);
	assert_int_equal(connect(p.fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	fake_settle();
	return p;
}

static UNUSED void peer_close(struct peer_end *p)
{
	p->fd = safe_close(p->fd);
	free(p->in);
	p->in = NULL;
	p->len = p->cap = 0;
	fake_settle();
}

/* Sends all of it, turning the loop while the socket is full. */
static UNUSED void peer_send(struct peer_end *p, const char *data, size_t len)
{
	for (int i = 0; len > 0; i++) {
		ssize_t n = send(p->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_true(i < TURNS_MAX);
		if (n < 0)
			assert_int_equal(errno, EAGAIN);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		sd_event_run(fake.event, 0);
	}
}

static UNUSED void peer_says(struct peer_end *p, const char *line)
{
	peer_send(p, line, strlen(line));
	peer_send(p, "\n", 1);
}

/* Reads once without waiting. False when there was nothing. */
static UNUSED bool peer_read(struct peer_end *p)
{
	ssize_t n;

	if (p->cap - p->len < 65536) {
		p->cap = 2 * p->cap + 65536;
		p->in = realloc(p->in, p->cap);
		assert_non_null(p->in);
	}
	n = recv(p->fd, p->in + p->len, 65536, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		p->eof = true;
	else if (n < 0)
		assert_int_equal(errno, EAGAIN);
	if (n > 0)
		p->len += (size_t)n;
	return n > 0;
}

/* A line that is already here, or NULL. Caller frees with json_decref(). Fails on anything that is
 * not JSON. */
static UNUSED json_t *peer_line_here(struct peer_end *p)
{
	char *end = p->in ? memchr(p->in, '\n', p->len) : NULL;
	json_error_t error;
	json_t *line;

	if (!end)
		return NULL;
	line = json_loadb(p->in, (size_t)(end - p->in), JSON_DECODE_ANY, &error);
	if (!line)
		fail_msg("not JSON: %s: %.*s", error.text, (int)(end - p->in), p->in);
	p->len -= (size_t)(end + 1 - p->in);
	memmove(p->in, end + 1, p->len);
	return line;
}

/* The next line, turning the loop until it comes. */
static UNUSED json_t *peer_line(struct peer_end *p)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		json_t *line = peer_line_here(p);

		if (line)
			return line;
		if (!peer_read(p) && p->eof)
			fail_msg("the connection was closed");
		sd_event_run(fake.event, 0);
	}
	fail_msg("no answer came; waiting: %s", fake.jobs ? fake.jobs->query->method : "-");
	return NULL;
}

/* Nothing more comes, and no connection is left. */
static UNUSED void peer_wants_end(struct peer_end *p)
{
	for (int i = 0; !p->eof; i++) {
		assert_true(i < TURNS_MAX);
		peer_read(p);
		sd_event_run(fake.event, 0);
	}
	assert_int_equal(p->len, 0);
}

static UNUSED int64_t line_error(const json_t *line)
{
	return json_integer_value(json_object_get(json_object_get(line, "error"), "code"));
}

/* The member of `error.data`, or NULL. */
static UNUSED const json_t *line_error_data(const json_t *line, const char *name)
{
	return json_object_get(json_object_get(json_object_get(line, "error"), "data"), name);
}

static UNUSED const json_t *line_result(const json_t *line, const char *name)
{
	const json_t *result = json_object_get(line, "result");

	if (!result)
		fail_msg("an error: %s", json_dumps(line, JSON_COMPACT));
	return json_object_get(result, name);
}

/* Sends one request and returns its answer. */
static UNUSED json_t *peer_ask(struct peer_end *p, const char *method, const char *params)
{
	char line[4096];

	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}", method, params);
	peer_says(p, line);
	return peer_line(p);
}

static UNUSED int64_t peer_ask_error(struct peer_end *p, const char *method, const char *params)
{
	json_t *line = peer_ask(p, method, params);
	int64_t code = line_error(line);

	json_decref(line);
	return code;
}

#endif
