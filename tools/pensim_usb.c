/* SPDX-License-Identifier: MIT */
#include "pensim_usb.h"

#include <stdio.h>

/* bmRequestType, its type and recipient */
#define TYPE_MASK	0x60u
#define TYPE_CLASS	0x20u
#define RECIPIENT_MASK	0x1fu
#define ENDPOINT_HALT	0u
#define DIRECTION_IN	0x80u
#define LINE_CODING_LEN 7u

enum { TO_DEVICE, TO_INTERFACE, TO_ENDPOINT };
enum {
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	SET_ADDRESS = 5,
	GET_DESCRIPTOR = 6,
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
};
enum {
	SET_LINE_CODING = 0x20,
	GET_LINE_CODING = 0x21,
	SET_CONTROL_LINE_STATE = 0x22,
	SEND_BREAK = 0x23
};

static const char *const kinds[] = {[USB_VENDOR] = "vendor", [USB_CDC] = "cdc"};
static const char *const once_names[] = {"stall-in", "stall-out", "short", "zlp",
					 "error",    "overflow",  "cut",   "reset"};
const char *const pensim_usb_once_words =
	"stall-in, stall-out, short, zlp, error, overflow, cut or reset";

static const char *const lies[USB_LIE_MAX_] = {
	[USB_LIE_NO_OUT] = "there is no endpoint from the host",
	[USB_LIE_TOTAL] = "the configuration says it is 100 bytes longer than it is",
	[USB_LIE_ENDPOINT_EMPTY] = "data endpoints' descriptors say they have no bytes",
	[USB_LIE_PACKET_ZERO] = "data endpoints take packets of 0 bytes",
	[USB_LIE_TWO_IN] = "there are two bulk endpoints to the host",
	[USB_LIE_NAME] = "the interface has another name than Penwire",
	[USB_LIE_TEXT] = "strings are too long and no UTF-16",
	[USB_LIE_SERIAL] = "the serial number is not the one that IDENTITY has",
	[USB_LIE_INTERRUPT] = "data endpoints are interrupt endpoints",
};

const char *pensim_usb_kind_name(enum pensim_usb_kind kind)
{
	return kinds[kind];
}

int pensim_usb_kind_parse(const char *text, enum pensim_usb_kind *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		if (!streq(text, kinds[i]))
			continue;
		*ret = (enum pensim_usb_kind)i;
		return 0;
	}
	return -EINVAL;
}

int pensim_usb_once_parse(const char *text, unsigned *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(once_names); i++) {
		if (!streq(text, once_names[i]))
			continue;
		*ret = 1u << i;
		return 0;
	}
	return -EINVAL;
}

void pensim_usb_list_lies(FILE *to)
{
	fprintf(to, "%-16s %s\n", "usb-lie=", "WHAT IT CLAIMS, from the next plugging on");
	for (int i = 1; i < USB_LIE_MAX_; i++)
		fprintf(to, "%16d %s\n", i, lies[i]);
}

/* ---- requests ---- */

void pensim_usb_reset(struct pensim_usb *usb)
{
	static const uint8_t coding[LINE_CODING_LEN] = {0x00, 0xc2, 0x01, 0x00,
							0,    0,    8}; /* 115200 8N1 */

	usb->configuration = 0;
	usb->halted_in = usb->halted_out = false;
	usb->n = 0;
	usb->once = 0;
	usb->dead = false;
	usb->leave_us = INT64_MAX;
	usb->ready_us = 0;
	memcpy(usb->line_coding, coding, sizeof(coding));
}

/* The halt of the endpoint with that address; NULL: it has none. */
static bool *halt_of(struct pensim_usb *usb, uint16_t address)
{
	if ((address & ~DIRECTION_IN) != USB_EP_DATA)
		return NULL;
	return address & DIRECTION_IN ? &usb->halted_in : &usb->halted_out;
}

static int feature(struct pensim_usb *usb, uint8_t recipient, uint16_t which, uint16_t index,
		   bool set)
{
	bool *halt = recipient == TO_ENDPOINT ? halt_of(usb, index) : NULL;

	if (recipient != TO_ENDPOINT) /* remote wake-up and the like: taken, without an effect */
		return 0;
	if (which != ENDPOINT_HALT)
		return -EPIPE;
	if (halt)
		*halt = set;
	return 0;
}

static int status(struct pensim_usb *usb, uint8_t recipient, uint16_t index, struct buf *reply)
{
	bool *halt = recipient == TO_ENDPOINT ? halt_of(usb, index) : NULL;

	buf_add(reply, (uint8_t[2]){halt && *halt, 0}, 2);
	return 0;
}

static int set_configuration(struct pensim_usb *usb, uint16_t value)
{
	if (value > 1)
		return -EPIPE;
	usb->configuration = (uint8_t)value;
	usb->halted_in = usb->halted_out = false;
	return 1;
}

static int set_interface(struct pensim_usb *usb, uint16_t alternate, uint16_t interface)
{
	if (alternate != 0 || interface >= pensim_usb_interfaces(usb) || usb->configuration == 0)
		return -EPIPE;
	usb->halted_in = usb->halted_out = false;
	return 1;
}

static int standard(struct pensim_usb *usb, uint8_t type, uint8_t request, uint16_t value,
		    uint16_t index, struct buf *reply)
{
	uint8_t recipient = type & RECIPIENT_MASK;

	switch (request) {
	case GET_STATUS:
		return status(usb, recipient, index, reply);
	case CLEAR_FEATURE:
	case SET_FEATURE:
		return feature(usb, recipient, value, index, request == SET_FEATURE);
	case SET_ADDRESS:
		return 0;
	case GET_DESCRIPTOR:
		return pensim_usb_descriptor(usb, value, reply);
	case GET_CONFIGURATION:
		buf_addc(reply, (char)usb->configuration);
		return 0;
	case SET_CONFIGURATION:
		return set_configuration(usb, value);
	case GET_INTERFACE:
		buf_addc(reply, 0);
		return 0;
	case SET_INTERFACE:
		return set_interface(usb, value, index);
	}
	return -EPIPE;
}

static int acm(struct pensim_usb *usb, uint8_t request, const uint8_t *out, size_t out_len,
	       struct buf *reply)
{
	switch (request) {
	case SET_LINE_CODING:
		if (out_len < LINE_CODING_LEN)
			return -EPIPE;
		memcpy(usb->line_coding, out, LINE_CODING_LEN);
		return 0;
	case GET_LINE_CODING:
		buf_add(reply, usb->line_coding, LINE_CODING_LEN);
		return 0;
	case SET_CONTROL_LINE_STATE: /* a pen uses DTR and RTS for nothing */
	case SEND_BREAK:
		return 0;
	}
	return -EPIPE;
}

int pensim_usb_control(struct pensim_usb *usb, const uint8_t setup[USB_SETUP_SIZE],
		       const uint8_t *out, size_t out_len, struct buf *reply)
{
	uint16_t value = (uint16_t)(setup[2] | setup[3] << 8),
		 index = (uint16_t)(setup[4] | setup[5] << 8);
	uint16_t length = (uint16_t)(setup[6] | setup[7] << 8);
	int r = -EPIPE;

	if ((setup[0] & TYPE_MASK) == 0)
		r = standard(usb, setup[0], setup[1], value, index, reply);
	else if ((setup[0] & TYPE_MASK) == TYPE_CLASS && usb->kind == USB_CDC)
		r = acm(usb, setup[1], out, out_len, reply);
	if (r < 0 || !(setup[0] & DIRECTION_IN))
		buf_reset(reply);
	reply->len = MIN(reply->len, (size_t)length);
	return r;
}

/* ---- transfers that wait ---- */

int pensim_usb_keep(struct pensim_usb *usb, const struct pensim_urb *urb)
{
	if (usb->n == USB_URBS)
		return -ENOMEM;
	usb->urb[usb->n++] = *urb;
	return 0;
}

static void drop(struct pensim_usb *usb, size_t i)
{
	usb->n--;
	memmove(&usb->urb[i], &usb->urb[i + 1], (usb->n - i) * sizeof(usb->urb[0]));
}

int pensim_usb_unlink(struct pensim_usb *usb, uint32_t seqnum)
{
	for (size_t i = 0; i < usb->n; i++) {
		if (usb->urb[i].seqnum != seqnum)
			continue;
		drop(usb, i);
		return 0;
	}
	return -ENOENT;
}

const struct pensim_urb *pensim_usb_first(const struct pensim_usb *usb, uint8_t ep)
{
	for (size_t i = 0; i < usb->n; i++)
		if (usb->urb[i].ep == ep)
			return &usb->urb[i];
	return NULL;
}

bool pensim_usb_take(struct pensim_usb *usb, uint8_t ep, struct pensim_urb *ret)
{
	const struct pensim_urb *urb = pensim_usb_first(usb, ep);

	if (!urb)
		return false;
	*ret = *urb;
	drop(usb, (size_t)(urb - usb->urb));
	return true;
}

bool pensim_usb_once_due(struct pensim_usb *usb, enum pensim_usb_once what)
{
	bool due = usb->once & what;

	usb->once &= ~(unsigned)what;
	return due;
}
