/* SPDX-License-Identifier: MIT */
/* Connections: who listens, who comes, what they send, and cables. */
#include "pensim_usbip_wire.h"

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BACKLOG	      16
#define READ_PIECE    (64u << 10)
#define READS_AT_ONCE 16 /* then the others have their turn */

static void conn_watch(struct usbip *u, struct usbip_conn *c, size_t i, int op)
{
	struct epoll_event e = {.events = EPOLLIN | (c->writing ? EPOLLOUT : 0),
				.data.u64 = WORLD_KEY(WORLD_USBIP, i)};

	epoll_ctl(u->world->epoll, op, c->fd, &e);
}

static size_t conn_index(const struct usbip *u, const struct usbip_conn *c)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->conn[i] == c)
			return i;
	assert(false);
}

/* Takes @fd. NULL: there are too many. */
static struct usbip_conn *conn_new(struct usbip *u, int fd)
{
	size_t i = 0;

	while (i < u->n && u->conn[i]->fd >= 0)
		i++;
	if (i == USBIP_CONNS) {
		close(fd);
		return NULL;
	}
	if (i == u->n) {
		u->conn = reallocarray(u->conn, u->n + 1, sizeof(struct usbip_conn *));
		if (!u->conn || !(u->conn[i] = malloc(sizeof(struct usbip_conn))))
			abort();
		u->n++;
	}
	*u->conn[i] = (struct usbip_conn){.fd = fd, .pen = SIZE_MAX};
	conn_watch(u, u->conn[i], i, EPOLL_CTL_ADD);
	return u->conn[i];
}

static void conn_close(struct usbip *u, struct usbip_conn *c)
{
	struct pensim_pen *pen = usbip_pen_of(u, c);

	if (pen && pen->port.usb->conn == c) {
		pen->port.usb->conn = NULL;
		pensim_usb_reset(pen->port.usb);
		world_host_gone(pen);
	}
	c->fd = safe_close(c->fd);
	c->pen = SIZE_MAX;
	buf_done(&c->in);
	buf_done(&c->out);
}

static void conn_break(struct usbip_conn *c)
{
	c->broken = true;
	shutdown(c->fd,
		 SHUT_RDWR); /* which epoll tells of, where nobody is in the middle of something */
}

void usbip_conn_send(struct usbip *u, struct usbip_conn *c)
{
	while (!c->broken && c->at < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->at, c->out.len - c->at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			conn_break(c);
		if (n < 0)
			break;
		c->at += (size_t)n;
	}
	if (c->at == c->out.len) {
		buf_reset(&c->out);
		c->at = 0;
	} else if (c->out.len - c->at > USBIP_OUT_MAX) {
		conn_break(c);
	}
	if (c->writing != (c->at < c->out.len)) {
		c->writing = !c->writing;
		conn_watch(u, c, conn_index(u, c), EPOLL_CTL_MOD);
	}
}

/* ---- what hosts send ---- */

static void conn_lines(struct usbip *u, struct usbip_conn *c)
{
	size_t used = 0;

	while (!c->broken) {
		const uint8_t *p = (const uint8_t *)c->in.data + used;
		size_t len = c->in.len - used;
		ssize_t n = c->pen == SIZE_MAX ? usbip_operation(u, c, p, len)
					       : usbip_request(u, c, p, len);

		if (n < 0)
			conn_break(c);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	c->in.len -= used;
	memmove(c->in.data, c->in.data + used, c->in.len);
	usbip_conn_send(u, c);
}

void usbip_on_conn(struct usbip *u, size_t i)
{
	static char piece[READ_PIECE];
	struct usbip_conn *c = u->conn[i];
	size_t pen;

	if (c->fd < 0)
		return;
	usbip_conn_send(u, c);
	for (int k = 0; k < READS_AT_ONCE; k++) {
		ssize_t n = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			conn_close(u, c);
			return;
		}
		buf_add(&c->in, piece, (size_t)n);
		conn_lines(u, c);
	}
	pen = c->pen;
	if (pen != SIZE_MAX)
		world_serve(u->world, pen);
}

/* ---- cables ---- */

int usbip_plug(struct usbip *u, size_t i)
{
	struct pensim_usb *usb = u->world->pens[i].pen->port.usb;
	struct usbip_conn *c;
	int pair[2], r;

	pensim_usb_reset(usb);
	if (!u->attach)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = vhci_attach(pair[1], usb->wanted_port, usb->speed,
			USBIP_BUS << 16 | usbip_number_on_bus(i), &usb->port);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	c = conn_new(u, pair[0]);
	if (!c)
		return -EMFILE;
	c->pen = i;
	usb->conn = c;
	return 0;
}

void usbip_pull(struct usbip *u, size_t i)
{
	struct pensim_usb *usb = u->world->pens[i].pen->port.usb;

	if (usb->conn) {
		usbip_conn_send(u, usb->conn); /* what it still said, as far as it goes */
		conn_close(u, usb->conn);
	}
	pensim_usb_reset(usb);
}

/* ---- listening ---- */

void usbip_on_listen(struct usbip *u)
{
	int fd = accept4(u->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		conn_new(u, fd);
}

static int listen_unix(struct usbip *u, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(closep) int fd = -EBADF;

	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	u->path = strdup(path);
	return TAKE_FD(fd);
}

static int listen_tcp(const char *text)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	_cleanup_(closep) int fd = -EBADF;
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	_cleanup_(freep) char *host = strndup(text, colon ? (size_t)(colon - text) : 0);
	int r = 0;

	if (!host)
		return -ENOMEM;
	if (getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &found) != 0)
		return -EINVAL;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		r = -errno;
	if (r == 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (r == 0 && (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0))
		r = -errno;
	freeaddrinfo(found);
	return r < 0 ? r : TAKE_FD(fd);
}

int usbip_open(struct usbip *u, struct world *w, const char *address, bool attach)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = WORLD_KEY(WORLD_USBIP_LISTEN, 0)};

	*u = (struct usbip){.world = w, .listen_fd = -EBADF, .attach = attach};
	if (!address)
		return 0;
	u->listen_fd = strncmp(address, "unix:", 5) == 0 ? listen_unix(u, address + 5)
							 : listen_tcp(address);
	if (u->listen_fd < 0)
		return u->listen_fd;
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, u->listen_fd, &e) < 0 ? -errno : 0;
}

void usbip_close(struct usbip *u)
{
	for (size_t i = 0; i < u->n; i++) {
		if (u->conn[i]->fd >= 0)
			conn_close(u, u->conn[i]);
		free(u->conn[i]);
	}
	free(TAKE_PTR(u->conn));
	u->n = 0;
	u->listen_fd = safe_close(u->listen_fd);
	if (u->path)
		unlink(u->path);
	free(TAKE_PTR(u->path));
}
