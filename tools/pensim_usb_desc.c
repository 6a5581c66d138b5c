/* SPDX-License-Identifier: MIT */
/* What a USB pen says of itself, true or not. */
#include "pensim_usb.h"

#include <stdio.h>

#include "pw_usb.h"

enum {
	DESC_DEVICE = 1,
	DESC_CONFIG,
	DESC_STRING,
	DESC_INTERFACE,
	DESC_ENDPOINT,
	DESC_ASSOCIATION = 11,
	DESC_CS_INTERFACE = 0x24
};
enum { TEXT_LANGUAGES, TEXT_MANUFACTURER, TEXT_PRODUCT, TEXT_SERIAL, TEXT_INTERFACE };
enum { EP_BULK = 2, EP_INTERRUPT = 3, EP_IN = 0x80 };

#define CLASS_MISC	 0xefu
#define CLASS_COMM	 0x02u
#define CLASS_DATA	 0x0au
#define COMM_ACM	 0x02u
#define LANGUAGE_ENGLISH 0x0409u
#define CONFIG_HEAD	 9u
#define NOTIFY_PACKET	 16u

static void add16(struct buf *b, uint16_t v)
{
	buf_add(b, (uint8_t[2]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void add_bytes(struct buf *b, const uint8_t *bytes, size_t n)
{
	buf_add(b, bytes, n);
}
#define ADD(b, ...)                                                                                \
	add_bytes(b, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

uint16_t pensim_usb_product(const struct pensim_usb *usb)
{
	return (uint16_t)(USB_PRODUCT_ID + (usb->kind == USB_CDC));
}

uint8_t pensim_usb_interfaces(const struct pensim_usb *usb)
{
	return usb->kind == USB_CDC ? 2 : 1;
}

uint32_t pensim_usb_packet(const struct pensim_usb *usb)
{
	return usb->speed == USB_HIGH ? 512 : 64;
}

void pensim_usb_interface_class(const struct pensim_usb *usb, uint8_t interface, uint8_t ret[3])
{
	static const uint8_t vendor[3] = {PW_USB_CLASS, PW_USB_SUBCLASS, PW_USB_PROTOCOL},
			     comm[3] = {CLASS_COMM, COMM_ACM, 0}, data[3] = {CLASS_DATA, 0, 0};

	memcpy(ret, usb->kind == USB_VENDOR ? vendor : interface == 0 ? comm : data, 3);
}

static void device(const struct pensim_usb *usb, struct buf *b)
{
	bool cdc = usb->kind == USB_CDC;

	ADD(b, 18, DESC_DEVICE);
	add16(b, 0x0200);
	if (cdc) /* its interfaces are described by an association */
		ADD(b, CLASS_MISC, 2, 1, 64);
	else
		ADD(b, 0, 0, 0, 64);
	add16(b, USB_VENDOR_ID);
	add16(b, pensim_usb_product(usb));
	add16(b, 0x0100);
	ADD(b, TEXT_MANUFACTURER, TEXT_PRODUCT, TEXT_SERIAL, 1);
}

static void endpoint(const struct pensim_usb *usb, struct buf *b, uint8_t address, uint8_t kind,
		     uint16_t packet)
{
	bool data = kind == EP_BULK;

	if (data && usb->lie == USB_LIE_INTERRUPT)
		kind = EP_INTERRUPT;
	if (data && usb->lie == USB_LIE_PACKET_ZERO)
		packet = 0;
	ADD(b, data && usb->lie == USB_LIE_ENDPOINT_EMPTY ? 0 : 7, DESC_ENDPOINT, address, kind);
	add16(b, packet);
	ADD(b, kind == EP_INTERRUPT ? 8 : 0);
}

static uint8_t data_endpoints(const struct pensim_usb *usb)
{
	return usb->lie == USB_LIE_NO_OUT ? 1 : usb->lie == USB_LIE_TWO_IN ? 3 : 2;
}

static void interface(const struct pensim_usb *usb, struct buf *b, uint8_t number,
		      uint8_t endpoints, uint8_t text)
{
	uint8_t class[3];

	pensim_usb_interface_class(usb, number, class);
	ADD(b, 9, DESC_INTERFACE, number, 0, endpoints, class[0], class[1], class[2], text);
}

static void data_interface(const struct pensim_usb *usb, struct buf *b, uint8_t number,
			   uint8_t text)
{
	uint16_t packet = (uint16_t)pensim_usb_packet(usb);

	interface(usb, b, number, data_endpoints(usb), text);
	endpoint(usb, b, EP_IN | USB_EP_DATA, EP_BULK, packet);
	if (usb->lie != USB_LIE_NO_OUT)
		endpoint(usb, b, USB_EP_DATA, EP_BULK, packet);
	if (usb->lie == USB_LIE_TWO_IN)
		endpoint(usb, b, EP_IN | 3, EP_BULK, packet);
}

static void cdc_interfaces(const struct pensim_usb *usb, struct buf *b)
{
	ADD(b, 8, DESC_ASSOCIATION, 0, 2, CLASS_COMM, COMM_ACM, 0, TEXT_INTERFACE);
	interface(usb, b, 0, 1, TEXT_INTERFACE);
	ADD(b, 5, DESC_CS_INTERFACE, 0, 0x10, 0x01); /* header: CDC 1.1 */
	ADD(b, 5, DESC_CS_INTERFACE, 1, 0, 1); /* call management: none, data on interface 1 */
	ADD(b, 4, DESC_CS_INTERFACE, 2, 0x02); /* ACM: line coding and control lines */
	ADD(b, 5, DESC_CS_INTERFACE, 6, 0, 1); /* union: interface 0 is the master of 1 */
	endpoint(usb, b, EP_IN | USB_EP_NOTIFY, EP_INTERRUPT, NOTIFY_PACKET);
	data_interface(usb, b, 1, 0);
}

static void config(const struct pensim_usb *usb, struct buf *b)
{
	_cleanup_(buf_done) struct buf rest = BUF_INIT(0);

	if (usb->kind == USB_CDC)
		cdc_interfaces(usb, &rest);
	else
		data_interface(usb, &rest, 0, TEXT_INTERFACE);
	ADD(b, CONFIG_HEAD, DESC_CONFIG);
	add16(b, (uint16_t)(CONFIG_HEAD + rest.len + (usb->lie == USB_LIE_TOTAL ? 100 : 0)));
	ADD(b, pensim_usb_interfaces(usb), 1, 0, 0x80, 50); /* bus powered, 100 mA */
	buf_add(b, rest.data, rest.len);
}

/* ASCII as UTF-16; the simulator's texts are nothing else. */
static void text(struct buf *b, const char *s)
{
	size_t n = MIN(strlen(s), (size_t)USB_TEXT_MAX);

	ADD(b, (uint8_t)(2 + 2 * n), DESC_STRING);
	for (size_t i = 0; i < n; i++)
		add16(b, (uint8_t)s[i]);
}

/* As long as can be, of halves of characters, and its own length is wrong. */
static void bad_text(struct buf *b)
{
	ADD(b, 255, DESC_STRING);
	for (size_t i = 0; i < 20; i++)
		add16(b, (uint16_t)(i % 2 ? 0x0041 : 0xd800));
}

static int string(const struct pensim_usb *usb, uint8_t index, struct buf *b)
{
	char s[USB_TEXT_MAX + 1];

	if (index != TEXT_LANGUAGES && usb->lie == USB_LIE_TEXT) {
		bad_text(b);
		return 0;
	}
	switch (index) {
	case TEXT_LANGUAGES:
		ADD(b, 4, DESC_STRING);
		add16(b, LANGUAGE_ENGLISH);
		return 0;
	case TEXT_MANUFACTURER:
		text(b, usb->manufacturer);
		return 0;
	case TEXT_PRODUCT:
		text(b, usb->model);
		return 0;
	case TEXT_SERIAL:
		snprintf(s, sizeof(s), "%s%s", usb->lie == USB_LIE_SERIAL ? "NOT-" : "",
			 usb->serial);
		text(b, s);
		return 0;
	case TEXT_INTERFACE:
		text(b, usb->lie == USB_LIE_NAME ? "Widget" : PW_USB_INTERFACE);
		return 0;
	}
	return -EPIPE;
}

int pensim_usb_descriptor(const struct pensim_usb *usb, uint16_t type_index, struct buf *b)
{
	uint8_t type = (uint8_t)(type_index >> 8), index = (uint8_t)type_index;

	switch (type) {
	case DESC_DEVICE:
		device(usb, b);
		return 0;
	case DESC_CONFIG:
		if (index != 0)
			return -EPIPE;
		config(usb, b);
		return 0;
	case DESC_STRING:
		return string(usb, index, b);
	}
	return -EPIPE; /* it has one speed, so no qualifier; and no BOS, for it is USB 2.0 */
}
