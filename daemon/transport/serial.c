/* SPDX-License-Identifier: MIT */
/* A serial device as an open terminal in the event loop. */
#include "transport/transport.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "transport/serial_port.h"

#define READ_BYTES (64 * 1024) /* one on_bytes(); a terminal gives at most 4 KiB at a time */
#define READ_MORE  1024	       /* a read that gave less has emptied the terminal */
#define BAUD_MIN   300
#define BAUD_MAX   4000000

struct serial {
	struct transport t;
	int fd;
	bool exclusive; /* TIOCEXCL is set */
	sd_event_source *io;
	sd_event_source *failed; /* defers on_closed() after a failed send */
	int error;		 /* what a send failed with */
	bool closed;		 /* on_closed() was called, or must not be any more */
	bool busy, freed;	 /* freed while a callback of ours runs */
	struct buf out;		 /* unsent; what a terminal does not take at once is rare */
};

/* What was read last, of any port: on_bytes() borrows it, and the loop reads one at a time. */
static uint8_t in[READ_BYTES];

static void serial_destroy(struct serial *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	s->failed = sd_event_source_disable_unref(s->failed);
	if (s->exclusive)
		ioctl(s->fd, TIOCNXCL);
	s->fd = safe_close(s->fd);
	buf_done(&s->out);
}

static struct transport *serial_free(struct transport *t)
{
	struct serial *s = container_of(t, struct serial, t);

	serial_destroy(s);
	s->closed = true;
	if (s->busy)
		s->freed = true;
	else
		free(s);
	return NULL;
}

/* Calls back, with bytes or, without any, with the end. @s may be gone afterwards. */
static void serial_emit(struct serial *s, size_t len, int error)
{
	s->busy = true;
	if (len > 0)
		s->t.events->on_bytes(s->t.ctx, in, len);
	else
		s->t.events->on_closed(s->t.ctx, error);
	s->busy = false;
	if (s->freed)
		free(s);
}

/* The end: nothing is polled any more, so that a hung-up terminal wakes nobody. */
static void serial_close(struct serial *s, int error)
{
	if (s->closed)
		return;
	s->closed = true;
	serial_destroy(s);
	s->exclusive = false;
	serial_emit(s, 0, error);
}

static int serial_watch(struct serial *s)
{
	return sd_event_source_set_io_events(s->io, EPOLLIN | (s->out.len > 0 ? EPOLLOUT : 0));
}

/* Writes what is queued. 0, or what the terminal failed with. */
static int serial_flush(struct serial *s)
{
	ssize_t n = 0;

	if (s->out.len > 0)
		do
			n = write(s->fd, s->out.data, s->out.len);
		while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if (n > 0) {
		s->out.len -= (size_t)n;
		memmove(s->out.data, s->out.data + n, s->out.len);
	}
	return serial_watch(s);
}

static int serial_send(struct transport *t, const void *data, size_t len)
{
	struct serial *s = container_of(t, struct serial, t);

	if (s->closed || s->error)
		return -ENODEV;
	buf_add(&s->out, data, len);
	if (s->out.error) {
		s->out.error = 0; /* what was unsent before still is */
		return -ENOBUFS;
	}
	s->error = serial_flush(s);
	if (s->error < 0) {
		/* The caller is not to be called back out of its own call. */
		sd_event_source_set_enabled(s->io, SD_EVENT_OFF);
		sd_event_source_set_enabled(s->failed, SD_EVENT_ONESHOT);
		return -ENODEV;
	}
	return 0;
}

static int serial_on_failed(sd_event_source *source, void *ctx)
{
	struct serial *s = ctx;

	(void)source;
	serial_close(s, s->error);
	return 0;
}

/* Fills the buffer as far as the terminal has something. *ret_end: what comes after it, 0 if
 * nothing is known of an end. */
static size_t serial_read(struct serial *s, int *ret_end)
{
	size_t len = 0;
	ssize_t n = 0;

	*ret_end = 0;
	while (len < sizeof(in)) {
		n = read(s->fd, in + len, sizeof(in) - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (n < READ_MORE)
			break;
	}
	if (n < 0 && errno != EAGAIN)
		*ret_end = -errno;
	else if (n == 0)
		*ret_end = -ENODEV;
	return len;
}

/* Whether the device went, which a read alone does not always tell. */
static bool hung_up(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static int serial_on_io(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct serial *s = ctx;
	int end = 0, r;
	size_t len;

	(void)source;
	if (revents & EPOLLOUT) {
		r = serial_flush(s);
		if (r < 0) {
			serial_close(s, r);
			return 0;
		}
	}
	if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return 0;
	len = serial_read(s, &end);
	if (len > 0) {
		/* What a read says of the end comes again at the next one. */
		serial_emit(s, len, 0);
		return 0;
	}
	if (revents & (EPOLLHUP | EPOLLERR) || hung_up(fd))
		end = -ENODEV;
	if (end < 0)
		serial_close(s, end);
	return 0;
}

static const struct transport_ops serial_ops = {.send = serial_send, .free = serial_free};

/* Opens the terminal at @path without a glance at its settings and locks it. -EBUSY, -ENOTTY, or
 * the system's error. */
static int open_locked(const char *path, int *ret_fd, struct stat *ret_st)
{
	_cleanup_(closep) int fd = -EBADF;
	int excluded = 0;

	/* A fifo or a socket must not even be opened, and a directory is no port either. */
	if (stat(path, ret_st) < 0)
		return -errno;
	if (!S_ISCHR(ret_st->st_mode))
		return -ENOTTY;
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENXIO || errno == EIO ? -ENODEV : -errno;
	if (!isatty(fd))
		return -ENOTTY;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* Root is let in where TIOCEXCL keeps others out. */
	if (!serial_is_pseudo(ret_st->st_rdev) && ioctl(fd, TIOCGEXCL, &excluded) == 0 && excluded)
		return -EBUSY;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/*
 * The terminal, set up and ours alone. A pseudo-terminal is only locked: it keeps TIOCEXCL as long
 * as its master lives, so a daemon that was killed would shut out the next one.
 */
static int open_port(const char *path, const struct serial_policy *policy, char **ret_holder,
		     int *ret_fd, bool *ret_exclusive)
{
	_cleanup_(closep) int locked = -EBADF, fd = -EBADF;
	struct stat st;
	int r;

	r = open_locked(path, &locked, &st);
	if (r == -EBUSY)
		*ret_holder = serial_holder(st.st_rdev);
	if (r < 0)
		return r;
	if (!serial_is_pseudo(st.st_rdev)) {
		*ret_holder = serial_holder(st.st_rdev);
		if (*ret_holder)
			return -EBUSY;
		/* libserialport opens by itself and, in newer versions, locks. */
		flock(locked, LOCK_UN);
		r = serial_port_open(path, policy, &fd);
		if (r < 0 && r != -ENODEV)
			return r;
		if (flock(fd < 0 ? locked : fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
	}
	if (fd < 0) {
		r = serial_raw_setup(locked, policy);
		if (r < 0)
			return r;
		fd = TAKE_FD(locked);
	}
	r = serial_raw_finish(fd);
	if (r < 0)
		return r;
	*ret_exclusive = !serial_is_pseudo(st.st_rdev) && ioctl(fd, TIOCEXCL) == 0;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The terminal behind @path, which must not be the kernel's console. */
static int resolve(const char *path, char **ret_real, char **ret_holder)
{
	_cleanup_(freep) char *real = realpath(path, NULL);
	const char *name;

	if (!real)
		return -errno;
	name = strrchr(real, '/');
	if (name && serial_is_console(name + 1)) {
		*ret_holder = strdup("the kernel's console");
		return -EBUSY;
	}
	*ret_real = TAKE_PTR(real);
	return 0;
}

static int serial_new(struct serial **ret, sd_event *event, int *fd, bool exclusive)
{
	struct serial *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->t.ops = &serial_ops;
	s->fd = TAKE_FD(*fd);
	s->exclusive = exclusive;
	s->out = BUF_INIT(LIMIT_SEND_BYTES);
	r = sd_event_add_io(event, &s->io, s->fd, EPOLLIN, serial_on_io, s);
	if (r >= 0)
		r = sd_event_add_defer(event, &s->failed, serial_on_failed, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->failed, SD_EVENT_OFF);
	if (r < 0) {
		serial_free(&s->t);
		return r;
	}
	*ret = s;
	return 0;
}

int serial_open(struct transport **ret, sd_event *event, const char *path,
		const struct serial_policy *policy, const struct transport_events *events,
		void *ctx, char **ret_holder)
{
	_cleanup_(freep) char *real = NULL, *holder = NULL;
	_cleanup_(closep) int fd = -EBADF;
	bool exclusive = false;
	struct serial *s = NULL;
	int r;

	if (policy->baud < BAUD_MIN || policy->baud > BAUD_MAX)
		return -EINVAL;
	r = resolve(path, &real, &holder);
	if (r == 0)
		r = open_port(real, policy, &holder, &fd, &exclusive);
	if (r == 0)
		r = serial_new(&s, event, &fd, exclusive);
	if (r == -EBUSY && ret_holder)
		*ret_holder = holder ? TAKE_PTR(holder) : strdup("");
	if (r < 0)
		return r;
	s->t.events = events;
	s->t.ctx = ctx;
	*ret = &s->t;
	return 0;
}

int serial_describe(const char *path, struct serial_info *ret)
{
	_cleanup_(freep) char *real = realpath(path, NULL);
	struct serial_info info = {0};
	int r;

	if (!real)
		return -ENOENT;
	r = serial_port_describe(real, &info);
	if (r < 0 && r != -ENODEV)
		return r;
	*ret = info;
	return 0;
}
