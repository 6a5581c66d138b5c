/* SPDX-License-Identifier: MIT */
/* The inside of a USB transport, for usb.c and usb_open.c, the two files that know libusb. */
#ifndef TRANSPORT_USB_INTERNAL_H
#define TRANSPORT_USB_INTERNAL_H

#include <libusb-1.0/libusb.h>

#include "base/limits.h"
#include "transport/transport.h"

#define USB_IN_TRANSFERS  8
#define USB_OUT_TRANSFERS 4
#define USB_TRANSFERS	  (USB_IN_TRANSFERS + USB_OUT_TRANSFERS)
#define USB_IN_BYTES	  (16 * 1024) /* a multiple of every packet size */
#define USB_WATCHES	  8	      /* libusb has an eventfd, a timerfd and the device */
#define TROUBLE_MAX	  192

struct usb_transfer {
	struct usb *usb;
	struct usb_pipe *pipe;
	struct libusb_transfer *libusb;
	struct usb_transfer *next; /* that has ended */
	uint64_t number;	   /* in the order of their submission */
	bool in_flight, ended;
};

/* One direction. */
struct usb_pipe {
	uint8_t endpoint;
	uint16_t packet;
	struct usb_transfer *transfer;
	size_t n_transfers, in_flight;
	uint64_t submitted;
	bool halted;	 /* nothing is submitted until all have come back and the halt is cleared */
	int fault;	 /* that halted it */
	unsigned faults; /* in a row */
};

struct usb_watch {
	int fd;
	sd_event_source *source;
};

struct usb {
	struct transport t;
	sd_event *event;
	libusb_context *libusb;
	libusb_device_handle *handle;
	int fd; /* ours, not libusb's */
	struct usb_watch watch[USB_WATCHES];
	sd_event_source *later; /* does what a send left to do */
	int interface;		/* claimed; -1 none */
	struct usb_pipe in, out;
	struct usb_transfer transfer[USB_TRANSFERS];
	struct usb_transfer *ended, **ended_last;
	unsigned empty;		/* transfers without a byte, in a row */
	int error;		/* what a send failed with */
	bool closed;		/* on_closed() was called, or must not be any more */
	bool busy, freed;	/* freed while we call back */
	size_t out_at, out_len; /* unsent: the ring's part that the pen has not taken */
	size_t out_flying;	/* of it, the first so many bytes are in transfers */
	bool out_short;		/* one of these was not taken whole */
	char trouble[TROUBLE_MAX];
	uint8_t ring[LIMIT_SEND_BYTES];
	uint8_t buffer[USB_IN_TRANSFERS][USB_IN_BYTES];
};

/* Writes u->trouble; returns @error. */
int usb_trouble(struct usb *u, int error, const char *format, ...) _printf_(3, 4);
/* libusb's error as errno. */
int usb_errno(int libusb_error);
/* "from the pen", "to the pen" */
const char *usb_direction(bool in);

/* usb.c: what the loop calls, and the transport that usb_open() fills. */
void usb_setup(struct usb *u, sd_event *event, const struct transport_events *events, void *ctx);
int usb_on_fd(sd_event_source *source, int fd, uint32_t revents, void *ctx);
int usb_on_later(sd_event_source *source, void *ctx);
/* Makes the transfers once the endpoints are known, and asks for bytes. */
int usb_begin(struct usb *u);

#endif
