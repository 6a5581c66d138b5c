/* SPDX-License-Identifier: MIT */
/*
 * Bytes to and from a pen, over whatever cable, as one interface in the event loop. Transports know nothing of pens.
 *
 * A transport is opened by serial_open(), usb_open() or replay_open(), optionally wrapped by record_wrap(), and freed by
 * transport_free(). After on_closed() nothing more comes; freeing inside a callback is allowed.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <systemd/sd-event.h>

#include "base/util.h"

struct transport;

struct transport_events {
	/* Bytes from the pen; borrowed for the call. */
	void (*on_bytes)(void *ctx, const uint8_t *data, size_t len);
	/* The cable or the device went (-ENODEV, -EIO, 0 for the end of a recording). Called once. */
	void (*on_closed)(void *ctx, int error);
};

struct transport_ops {
	int (*send)(struct transport *t, const void *data, size_t len);
	void (*hold)(struct transport *t, bool hold); /* NULL: cannot wait */
	const char *(*trouble)(struct transport *t);  /* NULL: knows no more than the error */
	struct transport *(*free)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	const struct transport_events *events;
	void *ctx;
};

/* Queues @len bytes, never blocks: all or nothing. -ENOBUFS when more than LIMIT_SEND_BYTES would be unsent, -ENODEV after the
 * close. */
int transport_send(struct transport *t, const void *data, size_t len);
/*
 * Stops (true) and resumes (false) the delivery of bytes. Only a recording can wait; for a pen at a cable this does nothing. Core holds
 * a recording while the answer to an identity is outstanding and while it has little credit, for nobody sends again what it drops.
 */
void transport_hold(struct transport *t, bool hold);
/* Why it closed, in words that go on after the port's name, from within on_closed(); NULL: the error says it all. Borrowed. */
const char *transport_trouble(struct transport *t);
/* Returns NULL. */
struct transport *transport_free(struct transport *t);
DEFINE_CLEANUP(struct transport *, transport_free)

/* Modem lines at open; the values of enum driver_line, known here as numbers so that transport need not know drivers. */
enum serial_line { SERIAL_LINE_KEEP, SERIAL_LINE_ASSERT, SERIAL_LINE_CLEAR };

struct serial_policy {
	uint32_t baud;           /* 300..4000000 */
	enum serial_line dtr, rts;
};

/* What is known of a port without opening it. Texts are empty when unknown. */
struct serial_info {
	char description[128];
	char usb_serial[64];
	uint16_t usb_vendor, usb_product; /* 0: not USB */
};

/*
 * Opens the serial device at @path (symlinks are followed) raw, 8N1, CLOEXEC, exclusively (flock and TIOCEXCL), and reads it in
 * @event. Real ports go through libserialport; a path that it cannot take (a pseudo-terminal) through termios and flock alone.
 * -ENOENT; -EACCES; -EBUSY: another process holds it (*ret_holder gets "name[pid]" where /proc tells, else ""; caller frees), or
 * it is the kernel's console; -ENOTTY: not a terminal device; -ENODEV: it went; -EINVAL: baud. ret_holder may be NULL.
 */
int serial_open(struct transport **ret, sd_event *event, const char *path, const struct serial_policy *policy,
		const struct transport_events *events, void *ctx, char **ret_holder);
/* Describes a port without opening it. -ENOENT. */
int serial_describe(const char *path, struct serial_info *ret);

/* Which interface of a USB device it is, and nothing of what passes through it. */
struct usb_policy {
	uint8_t class, subclass, protocol; /* of the interface */
	const char *name;                  /* of the interface, exactly */
};

/*
 * Opens the USB device @node (/dev/bus/usb/BBB/DDD), claims the interface that @policy describes, and reads its bulk IN endpoint
 * in @event; usb.c says what becomes of stalls, resets and the like. On errors *ret_trouble (may be NULL) says what is wrong in
 * words that go on after the port's name, or is NULL when the error says it all; caller frees.
 * -ENOENT, -ENODEV: not there or it went; -EACCES; -EBUSY: the kernel or another program has the interface; -EAGAIN: not
 * configured or not named, which may come a moment after the device; -EPROTONOSUPPORT: it is no such device, or its descriptors
 * are wrong; others of the system.
 */
int usb_open(struct transport **ret, sd_event *event, const char *node, const struct usb_policy *policy,
	     const struct transport_events *events, void *ctx, char **ret_trouble);

/*
 * Recordings (tests/pens/README.md has the format): text, a head of `name: value` lines, then one line per piece with its time and
 * direction in hex, so that a recording can be read, cut and mended by hand.
 */
struct recording_head {
	char pen[64], firmware[64], who[64], notes[256]; /* filled in by hand or from the identity; "" unknown */
	char driver[32];
	int64_t at_us;  /* UTC */
};

/* Wraps @inner (takes it on success) so that all bytes both ways are appended to @file. -EEXIST: never overwrites. */
int record_wrap(struct transport **ret, struct transport *inner, const char *file, const struct recording_head *head);
/* Writes who the pen is into the recording's head, once it is known. Does nothing for a transport that does not record. */
void record_identify(struct transport *t, const char *pen, const char *firmware);
/*
 * A transport that plays @file: as fast as it is taken (@paced false, see transport_hold()) or in its original timing. What is sent
 * goes nowhere: give the driver DRIVER_REPLAY. At the end on_closed(0). -ENOENT; -EINVAL with *ret_line (may be NULL) the line that
 * is no recording; a bad line further on is found when it is reached: on_closed(-EBADMSG).
 */
int replay_open(struct transport **ret, sd_event *event, const char *file, bool paced, const struct transport_events *events,
		void *ctx, unsigned *ret_line);

#endif
