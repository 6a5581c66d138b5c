/* SPDX-License-Identifier: MIT */
/*
 * bridge: joins stdin and stdout with the daemon's socket, byte for byte, for the other side of
 * `--host`. Each direction ends by itself: the end of stdin is passed on, and answers that are
 * still to come are waited for.
 */
#include "ctl-client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define PIECE_BYTES (64 * 1024)

/* One direction. */
struct flow {
	int from, to;
	bool socket; /* @to is one: its end is told by shutdown() */
	bool ended;  /* of @from: nothing more comes */
	bool closed; /* of @to: nothing more goes */
	size_t at, len;
	char data[PIECE_BYTES];
};

static bool flow_done(const struct flow *f)
{
	return f->closed || (f->ended && f->len == 0);
}

static int flow_read(struct flow *f)
{
	ssize_t n = read(f->from, f->data, sizeof(f->data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return -errno;
	f->ended = n <= 0;
	f->at = 0;
	f->len = n > 0 ? (size_t)n : 0;
	return 0;
}

static int flow_write(struct flow *f)
{
	ssize_t n = f->socket ? send(f->to, f->data + f->at, f->len, MSG_NOSIGNAL)
			      : write(f->to, f->data + f->at, f->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* Who does not listen any more wants nothing more. */
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		f->closed = true;
		return 0;
	}
	if (n < 0)
		return -errno;
	f->at += (size_t)n;
	f->len -= (size_t)n;
	return 0;
}

/* The end of what comes in is the end of what goes out. */
static void flow_settle(struct flow *f)
{
	if (!f->ended || f->len > 0 || f->closed)
		return;
	f->closed = true;
	if (f->socket)
		shutdown(f->to, SHUT_WR);
}

static int flow_step(struct flow *f, short in, short out)
{
	int r = 0;

	if (f->len == 0 && !f->ended && in)
		r = flow_read(f);
	if (r == 0 && f->len > 0 && !f->closed && (out || in))
		r = flow_write(f);
	flow_settle(f);
	return r;
}

static int join(struct flow *up, struct flow *down)
{
	int r = 0;

	/* Without answers to come there is nobody to ask. */
	while (r == 0 && !flow_done(down)) {
		struct pollfd fds[] = {
			{.fd = up->len == 0 && !up->ended && !up->closed ? up->from : -1,
			 .events = POLLIN},
			{.fd = up->len > 0 && !up->closed ? up->to : -1, .events = POLLOUT},
			{.fd = down->len == 0 && !down->ended ? down->from : -1, .events = POLLIN},
			{.fd = down->len > 0 ? down->to : -1, .events = POLLOUT},
		};

		if (poll(fds, ELEMENTSOF(fds), -1) < 0 && errno != EINTR)
			return -errno;
		r = flow_step(up, fds[0].revents, fds[1].revents);
		if (r == 0)
			r = flow_step(down, fds[2].revents, fds[3].revents);
	}
	return r;
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int ctl_bridge(struct ctl *ctl)
{
	_cleanup_(freep) struct flow *up = calloc(1, sizeof(*up)), *down = calloc(1, sizeof(*down));
	int fd, r, status;

	if (!up || !down)
		return ctl_fail_memory();
	status = ctl_connect(ctl);
	if (status != 0)
		return status;
	fd = client_fd(ctl->client);
	*up = (struct flow){.from = STDIN_FILENO, .to = fd, .socket = true};
	*down = (struct flow){.from = fd, .to = STDOUT_FILENO};
	/* stdin may be a file or a terminal of others: it is read only when it has something */
	r = set_nonblocking(fd);
	if (r == 0)
		r = set_nonblocking(STDOUT_FILENO);
	if (r == 0)
		r = join(up, down);
	return r < 0 ? ctl_fail(EXIT_IO, "the bridge broke: %s", strerror(-r)) : 0;
}
