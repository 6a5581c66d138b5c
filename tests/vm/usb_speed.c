/* SPDX-License-Identifier: MIT */
/*
 * How fast the USB transport alone is, on this machine's vhci_hcd:
 *     usb_speed device SERIAL     is a device with a Penwire interface that always has something to
 * say; until it is ended usb_speed read NODE MIB     reads so much of it through daemon/transport,
 * checks it, prints bytes and seconds Every 8 bytes the device counts on by one, so that a transfer
 * that is lost, doubled or out of order shows.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../tools/pensim_usb.h"
#include "../../tools/pensim_usbip.h"
#include "pw_usb.h"
#include "transport/transport.h"

#define HEAD	   48u /* of a message of USB/IP */
#define OUT_MAX	   (64u << 10)
#define DEVID	   0x10002u
#define MIB_MAX	   4096
#define OPEN_TRIES 1000 /* of 10 ms: udev and the kernel are on their way */

static _Noreturn void fail(const char *what, int error)
{
	fprintf(stderr, "usb_speed: %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(1);
}

/* ---- the device ---- */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* false: the host has gone. */
static bool read_all(int fd, void *to, size_t n)
{
	return n == 0 || recv(fd, to, n, MSG_WAITALL) == (ssize_t)n;
}

static bool answer(int fd, const uint8_t request[HEAD], int status, const void *data, size_t n,
		   size_t actual)
{
	uint8_t head[HEAD] = {0};
	struct iovec part[2] = {{head, sizeof(head)}, {(void *)data, n}};

	put32(head, get32(request) + 2); /* RET_ is two more than CMD_ */
	put32(head + 4, get32(request + 4));
	put32(head + 20, (uint32_t)status);
	put32(head + 24, (uint32_t)actual);
	for (size_t sent = 0; sent < HEAD + n;) {
		ssize_t k = writev(fd, part, 2);

		if (k <= 0)
			return false;
		sent += (size_t)k;
		for (int i = 0; i < 2; i++) {
			size_t of = MIN(part[i].iov_len, (size_t)k);

			part[i].iov_base = (uint8_t *)part[i].iov_base + of;
			part[i].iov_len -= of;
			k -= (ssize_t)of;
		}
	}
	return true;
}

static bool serve_one(int fd, struct pensim_usb *usb, uint64_t *count)
{
	static uint8_t out[OUT_MAX];
	static uint64_t in[OUT_MAX / 8];
	_cleanup_(buf_done) struct buf reply = BUF_INIT(USB_REPLY_MAX);
	uint8_t head[HEAD];
	size_t length;
	bool to_host;
	int r;

	if (!read_all(fd, head, HEAD))
		return false;
	length = get32(head + 24);
	to_host = get32(head + 12) != 0;
	if (get32(head) == 2) /* to be unlinked: what came before is answered already */
		return answer(fd, head, 0, NULL, 0, 0);
	if (length > OUT_MAX || (!to_host && !read_all(fd, out, length)))
		return false;
	if (get32(head + 16) == 0) {
		r = pensim_usb_control(usb, head + 40, out, to_host ? 0 : length, &reply);
		length = to_host ? MIN(reply.len, length) : length;
		return answer(fd, head, MIN(r, 0), reply.data, to_host && r >= 0 ? length : 0,
			      r < 0 ? 0 : length);
	}
	if (!to_host)
		return answer(fd, head, 0, NULL, 0, length);
	for (size_t i = 0; i < length / 8; i++)
		in[i] = htole64((*count)++);
	return answer(fd, head, 0, in, length / 8 * 8, length / 8 * 8);
}

static int device(const char *serial)
{
	struct pensim_usb usb = {.kind = USB_VENDOR,
				 .speed = USB_HIGH,
				 .manufacturer = "Imaginary",
				 .model = "Speed",
				 .leave_us = INT64_MAX};
	uint64_t count = 0;
	int pair[2], port, r;

	snprintf(usb.serial, sizeof(usb.serial), "%s", serial);
	pensim_usb_reset(&usb);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair", errno);
	r = vhci_attach(pair[1], -1, usb.speed, DEVID, &port);
	if (r < 0)
		fail("vhci_hcd", r);
	close(pair[1]);
	while (serve_one(pair[0], &usb, &count))
		;
	return 0;
}

/* ---- who reads it ---- */

struct reader {
	sd_event *event;
	uint64_t next, bytes, wanted, begun_us, ended_us; /* next: what the device counts on with */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_bytes(void *ctx, const uint8_t *data, size_t len)
{
	struct reader *r = ctx;

	if (r->bytes == 0) {
		r->begun_us = now_us();
		memcpy(&r->next, data, 8); /* the kernel may have thrown away what came before */
		r->next = le64toh(r->next);
	}
	if (len % 8 != 0)
		fail("a piece of a number", EPROTO);
	for (size_t i = 0; i < len; i += 8) {
		uint64_t n;

		memcpy(&n, data + i, 8);
		if (le64toh(n) != r->next++)
			fail("a transfer is missing, or out of its order", EPROTO);
	}
	r->bytes += len;
	if (r->bytes >= r->wanted && r->ended_us == 0) {
		r->ended_us = now_us();
		sd_event_exit(r->event, 0);
	}
}

static void on_closed(void *ctx, int error)
{
	(void)ctx;
	fail("the device went", error);
}

static int read_from(const char *node, uint64_t mib)
{
	static const struct usb_policy policy = {.class = PW_USB_CLASS,
						 .subclass = PW_USB_SUBCLASS,
						 .protocol = PW_USB_PROTOCOL,
						 .name = PW_USB_INTERFACE};
	static const struct transport_events events = {on_bytes, on_closed};
	struct reader reader = {.wanted = mib << 20};
	struct transport *t = NULL;
	char *trouble = NULL;
	int r = -EAGAIN;

	if (sd_event_new(&reader.event) < 0)
		fail("sd_event", ENOMEM);
	for (int i = 0; i < OPEN_TRIES && (r == -EAGAIN || r == -ENOENT); i++) {
		free(trouble);
		trouble = NULL;
		r = usb_open(&t, reader.event, node, &policy, &events, &reader, &trouble);
		if (r < 0)
			usleep(10000);
	}
	if (r < 0)
		fail(trouble ? trouble : node, r);
	r = sd_event_loop(reader.event);
	if (r < 0)
		fail("the loop", r);
	transport_free(t);
	sd_event_unref(reader.event);
	printf("%" PRIu64 " %.6f\n", reader.bytes,
	       (double)(reader.ended_us - reader.begun_us) / 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	long mib = argc == 4 ? strtol(argv[3], NULL, 10) : 0;

	if (argc == 3 && streq(argv[1], "device"))
		return device(argv[2]);
	if (mib > 0 && mib <= MIB_MAX && streq(argv[1], "read"))
		return read_from(argv[2], (uint64_t)mib);
	fprintf(stderr, "usage: usb_speed device SERIAL | read NODE MIB\n");
	return 64;
}
