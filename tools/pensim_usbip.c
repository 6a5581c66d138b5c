/* SPDX-License-Identifier: MIT */
#include "pensim_usbip.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/limits.h"

#define VERSION	       0x0111u
#define OP_REQ_DEVLIST 0x8005u
#define OP_REP_DEVLIST 0x0005u
#define OP_REQ_IMPORT  0x8003u
#define OP_REP_IMPORT  0x0003u
#define OP_HEAD	       8u
#define BUSID_SIZE     32u
#define PATH_SIZE      256u

enum { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };
enum { ST_OK, ST_NA, ST_BUSY, ST_ERROR = 5 };

#define URB_HEAD	 48u
#define URB_SHORT_NOT_OK 1u
#define BUS		 1u
#define BACKLOG		 16
#define READ_PIECE	 (64u << 10)
#define READS_AT_ONCE	 16		       /* then the others have their turn */
#define DEAD_US		 (100 * USEC_PER_MSEC) /* that a hub takes to see that a device has gone */
#define RESET_US	 (50 * USEC_PER_MSEC)

/* A transfer as it came: the fields of CMD_SUBMIT that a device without isochronous endpoints
 * needs. */
struct submit {
	uint32_t seqnum, ep, flags, length;
	bool in;
	const uint8_t *setup, *data;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(struct buf *b, uint16_t v)
{
	buf_add(b, (uint8_t[2]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put32(struct buf *b, uint32_t v)
{
	put16(b, (uint16_t)(v >> 16));
	put16(b, (uint16_t)v);
}

static void put_zeros(struct buf *b, size_t n)
{
	static const uint8_t zeros[PATH_SIZE];

	buf_add(b, zeros, n);
}

static uint32_t number_on_bus(size_t pen)
{
	return (uint32_t)pen + 2; /* 1 is the hub */
}

/* ---- connections ---- */

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

static struct pensim_pen *pen_of(struct usbip *u, const struct usbip_conn *c)
{
	return c->pen == SIZE_MAX ? NULL : u->world->pens[c->pen].pen;
}

static void conn_close(struct usbip *u, struct usbip_conn *c)
{
	struct pensim_pen *pen = pen_of(u, c);

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

static void conn_send(struct usbip *u, struct usbip_conn *c)
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

/* ---- what there is ---- */

static bool exported(const struct pensim_pen *pen)
{
	return pen->port.usb && pen->port.plugged && !pen->port.usb->conn;
}

static void busid_of(size_t pen, char busid[BUSID_SIZE])
{
	snprintf(busid, BUSID_SIZE, "%u-%zu", BUS, pen + 1);
}

static void put_padded(struct buf *b, const char *text, size_t size)
{
	size_t n = MIN(strlen(text), size);

	buf_add(b, text, n);
	put_zeros(b, size - n);
}

static void put_device(struct buf *b, const struct pensim_pen *pen, size_t i)
{
	const struct pensim_usb *usb = pen->port.usb;
	char busid[BUSID_SIZE], path[64];

	busid_of(i, busid);
	snprintf(path, sizeof(path), "/sys/devices/pensim/usb%u/%s", BUS, busid);
	put_padded(b, path, PATH_SIZE);
	put_padded(b, busid, BUSID_SIZE);
	put32(b, BUS);
	put32(b, number_on_bus(i));
	put32(b, usb->speed);
	put16(b, USB_VENDOR_ID);
	put16(b, pensim_usb_product(usb));
	put16(b, 0x0100);
	buf_add(b, usb->kind == USB_CDC ? "\xef\x02\x01" : "\0\0\0", 3);
	buf_addc(b, (char)usb->configuration);
	buf_addc(b, 1);
	buf_addc(b, (char)pensim_usb_interfaces(usb));
}

static void put_op(struct buf *b, uint16_t code, uint32_t status)
{
	put16(b, VERSION);
	put16(b, code);
	put32(b, status);
}

static void devlist(struct usbip *u, struct usbip_conn *c)
{
	uint32_t count = 0;

	for (size_t i = 0; i < u->world->n; i++)
		count += exported(u->world->pens[i].pen);
	put_op(&c->out, OP_REP_DEVLIST, ST_OK);
	put32(&c->out, count);
	for (size_t i = 0; i < u->world->n; i++) {
		struct pensim_pen *pen = u->world->pens[i].pen;
		uint8_t class[4] = {0};

		if (!exported(pen))
			continue;
		put_device(&c->out, pen, i);
		for (uint8_t k = 0; k < pensim_usb_interfaces(pen->port.usb); k++) {
			pensim_usb_interface_class(pen->port.usb, k, class);
			buf_add(&c->out, class, sizeof(class));
		}
	}
}

static void import(struct usbip *u, struct usbip_conn *c, const uint8_t *wanted)
{
	char busid[BUSID_SIZE];
	uint32_t status = ST_NA;

	for (size_t i = 0; i < u->world->n; i++) {
		struct pensim_pen *pen = u->world->pens[i].pen;

		busid_of(i, busid);
		if (strncmp(busid, (const char *)wanted, sizeof(busid)) != 0)
			continue;
		if (!exported(pen)) {
			status = pen->port.usb && pen->port.plugged ? ST_BUSY : ST_NA;
			break;
		}
		c->pen = i;
		pen->port.usb->conn = c;
		put_op(&c->out, OP_REP_IMPORT, ST_OK);
		put_device(&c->out, pen, i);
		return;
	}
	put_op(&c->out, OP_REP_IMPORT, status);
}

/* Bytes used; 0: more are needed; -EPROTO. */
static ssize_t operation(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len)
{
	if (len < OP_HEAD)
		return 0;
	switch (get16(p + 2)) {
	case OP_REQ_DEVLIST:
		devlist(u, c);
		return OP_HEAD;
	case OP_REQ_IMPORT:
		if (len < OP_HEAD + BUSID_SIZE)
			return 0;
		import(u, c, p + OP_HEAD);
		return OP_HEAD + BUSID_SIZE;
	}
	return -EPROTO;
}

/* ---- transfers ---- */

static void answer(struct usbip_conn *c, uint32_t command, uint32_t seqnum, int32_t status,
		   uint32_t actual)
{
	put32(&c->out, command);
	put32(&c->out, seqnum);
	put_zeros(&c->out, 12); /* device, direction, endpoint: of requests only */
	put32(&c->out, (uint32_t)status);
	put32(&c->out, actual);
	put_zeros(&c->out, 20); /* isochronous transfers' fields, and padding */
}

static void answer_data(struct usbip_conn *c, const struct pensim_urb *urb, int32_t status,
			const void *data, size_t n)
{
	if (status == 0 && urb->short_not_ok && n < urb->length)
		status = -EREMOTEIO;
	answer(c, RET_SUBMIT, urb->seqnum, status, (uint32_t)n);
	buf_add(&c->out, data, n);
}

static void control(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	_cleanup_(buf_done) struct buf reply = BUF_INIT(USB_REPLY_MAX);
	struct pensim_pen *pen = pen_of(u, c);
	struct pensim_usb *usb = pen->port.usb;
	uint32_t actual;
	int r = -EPROTO;

	if (!usb->dead)
		r = pensim_usb_control(usb, s->setup, s->data, s->in ? 0 : s->length, &reply);
	if (r > 0)
		world_host_gone(pen); /* configured anew: what was on its way belongs to nobody */
	if (r > 0 && usb->configuration != 0)
		world_usb_configured(u->world, c->pen);
	actual = s->in ? (uint32_t)MIN(reply.len, (size_t)s->length) : s->length;
	answer(c, RET_SUBMIT, s->seqnum, MIN(r, 0), r < 0 ? 0 : actual);
	if (r >= 0 && s->in)
		buf_add(&c->out, reply.data, actual);
}

static void to_pen(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	struct pensim_pen *pen = pen_of(u, c);
	struct pensim_usb *usb = pen->port.usb;

	if (pensim_usb_once_due(usb, USB_ONCE_STALL_OUT))
		usb->halted_out = true;
	if (usb->configuration == 0 || usb->dead) {
		answer(c, RET_SUBMIT, s->seqnum, -EPROTO, 0);
		return;
	}
	if (usb->halted_out) {
		answer(c, RET_SUBMIT, s->seqnum, -EPIPE, 0);
		return;
	}
	answer(c, RET_SUBMIT, s->seqnum, 0, s->length);
	if (s->length > 0)
		world_from_host(u->world, c->pen, s->data, s->length);
}

static void submit(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	struct pensim_usb *usb = pen_of(u, c)->port.usb;
	struct pensim_urb urb = {.seqnum = s->seqnum,
				 .length = s->length,
				 .ep = (uint8_t)s->ep,
				 .short_not_ok = s->flags & URB_SHORT_NOT_OK};

	if (s->ep == 0)
		control(u, c, s);
	else if (s->ep == USB_EP_DATA && !s->in)
		to_pen(u, c, s);
	else if (!s->in || s->ep > USB_EP_NOTIFY || usb->configuration == 0)
		answer(c, RET_SUBMIT, s->seqnum, -EPROTO, 0); /* nobody is there who would answer */
	else if (pensim_usb_keep(usb, &urb) < 0)
		answer(c, RET_SUBMIT, s->seqnum, -ENOMEM, 0);
}

static void unlink_urb(struct usbip *u, struct usbip_conn *c, uint32_t seqnum, uint32_t victim)
{
	bool pending = pensim_usb_unlink(pen_of(u, c)->port.usb, victim) == 0;

	answer(c, RET_UNLINK, seqnum, pending ? -ECONNRESET : 0, 0);
}

/* Bytes used; 0: more are needed; -EPROTO. */
static ssize_t request(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len)
{
	struct submit s;
	size_t size = URB_HEAD;

	if (len < URB_HEAD)
		return 0;
	s = (struct submit){.seqnum = get32(p + 4),
			    .in = get32(p + 12) != 0,
			    .ep = get32(p + 16),
			    .flags = get32(p + 20),
			    .length = get32(p + 24),
			    .setup = p + 40,
			    .data = p + URB_HEAD};
	switch (get32(p)) {
	case CMD_SUBMIT:
		if (!s.in)
			size += s.length;
		if (!s.in && s.length > USBIP_TRANSFER_MAX)
			return -EPROTO;
		if (len < size)
			return 0;
		submit(u, c, &s);
		return (ssize_t)size;
	case CMD_UNLINK:
		unlink_urb(u, c, s.seqnum, get32(p + 20));
		return URB_HEAD;
	}
	return -EPROTO;
}

static void conn_lines(struct usbip *u, struct usbip_conn *c)
{
	size_t used = 0;

	while (!c->broken) {
		const uint8_t *p = (const uint8_t *)c->in.data + used;
		size_t len = c->in.len - used;
		ssize_t n = c->pen == SIZE_MAX ? operation(u, c, p, len) : request(u, c, p, len);

		if (n < 0)
			conn_break(c);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	c->in.len -= used;
	memmove(c->in.data, c->in.data + used, c->in.len);
	conn_send(u, c);
}

void usbip_on_conn(struct usbip *u, size_t i)
{
	static char piece[READ_PIECE];
	struct usbip_conn *c = u->conn[i];
	size_t pen;

	if (c->fd < 0)
		return;
	conn_send(u, c);
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

/* ---- the pen talks ---- */

size_t usbip_room(const struct pensim_pen *pen)
{
	const struct pensim_usb *usb = pen->port.usb;
	const struct pensim_urb *first = pensim_usb_first(usb, USB_EP_DATA);

	if (!first || !usb->conn || usb->conn->out.len - usb->conn->at > USBIP_OUT_FULL)
		return 0;
	return MAX(first->length, (uint32_t)1);
}

static void consume(struct pensim_port *port, size_t n)
{
	port->at += n;
	if (port->at == port->queue.len) {
		buf_reset(&port->queue);
		port->at = 0;
	}
}

/* Takes the next transfer and answers it with @n bytes of the queue. */
static void complete(struct pensim_pen *pen, int32_t status, size_t n)
{
	struct pensim_port *port = &pen->port;
	struct pensim_urb urb;

	if (!pensim_usb_take(port->usb, USB_EP_DATA, &urb))
		return;
	answer_data(port->usb->conn, &urb, status,
		    port->queue.data ? port->queue.data + port->at : "", n);
	port->sent += n;
	port->usb->transfers += n > 0;
	consume(port, n);
}

static bool happens(struct pensim_pen *pen, enum pensim_usb_once once, enum pensim_fault chance)
{
	return pensim_usb_once_due(pen->port.usb, once) || pensim_fault_hits(&pen->faults, chance);
}

/* A fault instead of the transfer of @n bytes; true: there was one. */
static bool spoil(struct pensim_pen *pen, size_t n, int64_t now_us)
{
	struct pensim_usb *usb = pen->port.usb;

	if (happens(pen, USB_ONCE_ZLP, FAULT_USB_ZLP)) {
		complete(pen, 0, 0);
	} else if (happens(pen, USB_ONCE_ERROR, FAULT_USB_ERROR)) {
		complete(pen, -EPROTO, 0);
	} else if (happens(pen, USB_ONCE_OVERFLOW, FAULT_USB_OVERFLOW)) {
		size_t lost =
			MIN(pen->port.queue.len - pen->port.at - n, (size_t)pensim_usb_packet(usb));

		complete(pen, -EOVERFLOW, n);
		consume(&pen->port, lost);
	} else if (n > 1 && happens(pen, USB_ONCE_SHORT, FAULT_USB_SHORT)) {
		complete(pen, 0,
			 1 + rng_below(&pen->faults.rng,
				       MIN(n, (size_t)pensim_usb_packet(usb)) - 1));
	} else if (pensim_usb_once_due(usb, USB_ONCE_CUT)) {
		/* Some packets came, then the cable went. */
		complete(pen, -EPROTO, n / 2);
		usb->leave_us = now_us;
	} else {
		return false;
	}
	return true;
}

/* A halted endpoint answers all that is asked of it, until the host clears it. */
static void refuse_all(struct pensim_pen *pen, int32_t status)
{
	while (pensim_usb_first(pen->port.usb, USB_EP_DATA))
		complete(pen, status, 0);
}

bool usbip_talk(struct usbip *u, size_t i, uint64_t allowance, int64_t now_us)
{
	struct pensim_pen *pen = u->world->pens[i].pen;
	struct pensim_port *port = &pen->port;
	struct pensim_usb *usb = port->usb;
	size_t n, room;
	bool done = false;

	if (!usb->conn)
		return false;
	if (pensim_usb_once_due(usb, USB_ONCE_RESET)) {
		usb->dead = true;
		usb->leave_us = now_us + DEAD_US;
		usb->away_us = RESET_US;
	}
	if (pensim_usb_once_due(usb, USB_ONCE_STALL_IN))
		usb->halted_in = true;
	if (usb->halted_in || usb->dead)
		refuse_all(pen, usb->dead ? -EPROTO : -EPIPE);
	room = usbip_room(pen);
	n = MIN(port->queue.len - port->at, MIN(room, world_burst(u->world, i)));
	/* Not a little at a time: what would fit the transfer waits until the bus has had the time
	 * for it. */
	if (n > 0 && n <= allowance && now_us >= usb->ready_us) {
		uint64_t left = pen->faults.pull_at_bytes - port->sent;

		if (n > left)
			complete(pen, -EPROTO, (size_t)left);
		else if (!spoil(pen, n, now_us))
			complete(pen, 0, n);
		usb->ready_us = now_us + (int64_t)(pen->faults.value[FAULT_USB_SLOW] * 1000);
		done = true;
	}
	port->full = usbip_room(pen) == 0;
	conn_send(u, usb->conn);
	return done;
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
	r = vhci_attach(pair[1], usb->wanted_port, usb->speed, BUS << 16 | number_on_bus(i),
			&usb->port);
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
		conn_send(u, usb->conn); /* what it still said, as far as it goes */
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
