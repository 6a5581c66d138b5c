/* SPDX-License-Identifier: MIT */
/* An event loop, a pseudo-terminal's other end, and what a transport has told so far. */
#ifndef TESTS_TRANSPORT_WORLD_H
#define TESTS_TRANSPORT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/limits.h"
#include "transport/transport.h"

#define UNUSED	__attribute__((unused))
#define WAIT_MS 60000 /* for what must come: a busy machine takes its time */

struct world {
	sd_event *event;
	struct transport *transport;
	int master; /* the pen's end */
	char slave[64];
	uint8_t *got;
	size_t n_got, pieces;
	unsigned closed;
	int error;
	bool free_in_bytes, free_in_closed;
	size_t hold_at; /* transport_hold() once so many bytes came; 0 never */
};

static const struct serial_policy plain_policy UNUSED = {.baud = 115200};

static void world_on_bytes(void *ctx, const uint8_t *data, size_t len)
{
	struct world *w = ctx;

	assert_true(len > 0);
	assert_int_equal(w->closed, 0);
	w->got = realloc(w->got, w->n_got + len);
	assert_non_null(w->got);
	memcpy(w->got + w->n_got, data, len);
	w->n_got += len;
	w->pieces++;
	if (w->hold_at > 0 && w->n_got >= w->hold_at)
		transport_hold(w->transport, true);
	if (w->free_in_bytes)
		w->transport = transport_free(w->transport);
}

static void world_on_closed(void *ctx, int error)
{
	struct world *w = ctx;

	w->closed++;
	w->error = error;
	if (w->free_in_closed)
		w->transport = transport_free(w->transport);
}

static const struct transport_events world_events UNUSED = {
	.on_bytes = world_on_bytes,
	.on_closed = world_on_closed,
};

UNUSED static void world_master(struct world *w)
{
	w->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(w->master >= 0);
	assert_int_equal(grantpt(w->master), 0);
	assert_int_equal(unlockpt(w->master), 0);
	assert_int_equal(ptsname_r(w->master, w->slave, sizeof(w->slave)), 0);
}

UNUSED static void world_init(struct world *w)
{
	*w = (struct world){.master = -EBADF};
	assert_true(sd_event_new(&w->event) >= 0);
	world_master(w);
}

UNUSED static int world_open(struct world *w)
{
	return serial_open(&w->transport, w->event, w->slave, &plain_policy, &world_events, w,
			   NULL);
}

UNUSED static void world_done(struct world *w)
{
	w->transport = transport_free(w->transport);
	w->master = safe_close(w->master);
	w->event = sd_event_unref(w->event);
	free(w->got);
}

/* Lets the loop work until nothing is left to do at once. Returns how often it woke up. */
UNUSED static unsigned world_settle(struct world *w)
{
	unsigned n = 0;

	while (sd_event_run(w->event, 0) > 0) {
		n++;
		assert_true(n < 100000);
	}
	return n;
}

/* Lets the loop work until @count bytes came or the transport closed. */
UNUSED static void world_wait(struct world *w, size_t count)
{
	while (w->n_got < count && w->closed == 0)
		assert_true(sd_event_run(w->event, WAIT_MS * USEC_PER_MSEC) > 0);
}

UNUSED static void world_wait_closed(struct world *w)
{
	while (w->closed == 0)
		assert_true(sd_event_run(w->event, WAIT_MS * USEC_PER_MSEC) > 0);
}

/* Every byte value, in an order that a terminal which is not raw would spoil. */
UNUSED static void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
}

UNUSED static size_t count_fds(void)
{
	size_t n = 0;
	struct stat st;

	for (int fd = 0; fd < 1024; fd++)
		n += fstat(fd, &st) == 0;
	return n;
}

#endif
