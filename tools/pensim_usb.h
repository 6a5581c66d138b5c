/* SPDX-License-Identifier: MIT */
/*
 * The USB side of a pen: descriptors, control requests and transfers, as its firmware and the bus
 * would make them. How it gets to a host is pensim_usbip.h's affair.
 *
 * Two kinds: bulk endpoints of its own (proto/README.md, Transports), or CDC-ACM. Numbers of the
 * specification are named after USB 2.0, chapter 9, and the CDC 1.2 PSTN subclass.
 */
#ifndef TOOLS_PENSIM_USB_H
#define TOOLS_PENSIM_USB_H

#include <stdio.h>

#include "base/buf.h"

#define USB_VENDOR_ID  0x1209u /* pid.codes' number, and of its products those that are for tests  \
				*/
#define USB_PRODUCT_ID 0x0001u /* with endpoints of its own; the next one for CDC-ACM */

#define USB_SETUP_SIZE 8u
/* Pending for one pen: libusb's users and cdc-acm keep some tens in flight. Further ones are
 * answered with ENOMEM. */
#define USB_URBS       256u
#define USB_REPLY_MAX                                                                              \
	512u /* of a control request; the longest is a configuration of about 90 bytes, or a       \
		string of 255 */
#define USB_TEXT_MAX                                                                               \
	126u /* characters of a string: its length in bytes, with the head, is one byte */

#define USB_EP_DATA   1u /* both directions */
#define USB_EP_NOTIFY 2u /* CDC-ACM, to the host */

enum pensim_usb_kind { USB_VENDOR, USB_CDC };
enum pensim_usb_speed { USB_FULL = 2, USB_HIGH = 3 }; /* as USB/IP and vhci_hcd count */

/* Faults that happen once, at the next transfer that they fit. */
enum pensim_usb_once {
	USB_ONCE_STALL_IN = 1 << 0,
	USB_ONCE_STALL_OUT = 1 << 1,
	USB_ONCE_SHORT = 1 << 2,
	USB_ONCE_ZLP = 1 << 3,
	USB_ONCE_ERROR = 1 << 4,
	USB_ONCE_OVERFLOW = 1 << 5,
	USB_ONCE_CUT = 1 << 6,
	USB_ONCE_RESET = 1 << 7,
};

/* What a device claims that is not so; `usb-lie` has one of these. */
enum pensim_usb_lie {
	USB_HONEST,
	USB_LIE_NO_OUT,
	USB_LIE_TOTAL,
	USB_LIE_ENDPOINT_EMPTY,
	USB_LIE_PACKET_ZERO,
	USB_LIE_TWO_IN,
	USB_LIE_NAME,
	USB_LIE_TEXT,
	USB_LIE_SERIAL,
	USB_LIE_INTERRUPT,
	USB_LIE_MAX_,
};

struct pensim_urb {
	uint32_t seqnum, length;
	uint8_t ep;
	bool short_not_ok;
};

struct usbip_conn;

struct pensim_usb {
	enum pensim_usb_kind kind;
	enum pensim_usb_speed speed;
	const char *manufacturer, *model; /* borrowed */
	char serial[64];
	enum pensim_usb_lie lie;
	/* since it was plugged */
	uint8_t configuration;
	bool halted_in, halted_out;
	uint8_t line_coding[7];
	struct pensim_urb urb[USB_URBS]; /* to the host, oldest first: they wait until there is
					    something to say */
	size_t n;
	uint64_t transfers; /* that carried data to the host */
	/* faults */
	unsigned once;	  /* enum pensim_usb_once */
	bool dead;	  /* nobody answers any more */
	int64_t leave_us; /* it goes off the bus; INT64_MAX: no */
	int64_t away_us;  /* and comes back after so long */
	int64_t ready_us; /* a slow device is busy until then */
	/* the cable */
	struct usbip_conn *conn; /* NULL: no host has imported it */
	int wanted_port;	 /* of this machine's vhci_hcd; -1: any */
	int port;		 /* the one it is at, or was last */
};

/* As pensim_usb_kind_parse() reads it. */
const char *pensim_usb_kind_name(enum pensim_usb_kind kind);
/* "vendor" or "cdc". -EINVAL. */
int pensim_usb_kind_parse(const char *text, enum pensim_usb_kind *ret);
/* One of the words that `pensim_usb_once_words` lists. -EINVAL. */
int pensim_usb_once_parse(const char *text, unsigned *ret);
extern const char *const pensim_usb_once_words;
/* What `--fault usb-lie=list` prints: a lie a line. */
void pensim_usb_list_lies(FILE *to);

/* ---- pensim_usb_desc.c ---- */

/* The product id by its kind, and how many interfaces it has. */
uint16_t pensim_usb_product(const struct pensim_usb *usb);
uint8_t pensim_usb_interfaces(const struct pensim_usb *usb);
/* Class, subclass and protocol of an interface. */
void pensim_usb_interface_class(const struct pensim_usb *usb, uint8_t interface, uint8_t ret[3]);
/* Appends the descriptor of that type (high byte) and index (low byte). -EPIPE: there is none. */
int pensim_usb_descriptor(const struct pensim_usb *usb, uint16_t type_index, struct buf *b);
/* Of a data endpoint. */
uint32_t pensim_usb_packet(const struct pensim_usb *usb);

/* ---- pensim_usb.c ---- */

/* Newly plugged: no configuration, nothing halted, nothing pending. */
void pensim_usb_reset(struct pensim_usb *usb);
/* Carries out a control request: appends the answer to @reply, at most wLength bytes. 1: and the
 * device was configured anew, so that what it was sending belongs to nobody; -EPIPE: a request that
 * it does not know. @out: the data that came with it. */
int pensim_usb_control(struct pensim_usb *usb, const uint8_t setup[USB_SETUP_SIZE],
		       const uint8_t *out, size_t out_len, struct buf *reply);
/* Keeps a transfer to the host until there is something to say. -ENOMEM: too many. */
int pensim_usb_keep(struct pensim_usb *usb, const struct pensim_urb *urb);
/* Forgets one: -ENOENT if it is not pending. */
int pensim_usb_unlink(struct pensim_usb *usb, uint32_t seqnum);
/* Takes the oldest of that endpoint. false: none. */
bool pensim_usb_take(struct pensim_usb *usb, uint8_t ep, struct pensim_urb *ret);
const struct pensim_urb *pensim_usb_first(const struct pensim_usb *usb, uint8_t ep);
/* Whether a fault that happens once is to happen now; it is over then. */
bool pensim_usb_once_due(struct pensim_usb *usb, enum pensim_usb_once what);

#endif
