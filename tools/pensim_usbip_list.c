/* SPDX-License-Identifier: MIT */
/* What there is on the bus: the list of pens, and the import of one. */
#include "pensim_usbip_wire.h"

#include <stdio.h>

#define VERSION	       0x0111u
#define OP_REQ_DEVLIST 0x8005u
#define OP_REP_DEVLIST 0x0005u
#define OP_REQ_IMPORT  0x8003u
#define OP_REP_IMPORT  0x0003u
#define OP_HEAD	       8u
#define BUSID_SIZE     32u

enum { ST_OK, ST_NA, ST_BUSY };

static bool exported(const struct pensim_pen *pen)
{
	return pen->port.usb && pen->port.plugged && !pen->port.usb->conn;
}

static void busid_of(size_t pen, char busid[BUSID_SIZE])
{
	snprintf(busid, BUSID_SIZE, "%u-%zu", USBIP_BUS, pen + 1);
}

static void put_padded(struct buf *b, const char *text, size_t size)
{
	size_t n = MIN(strlen(text), size);

	buf_add(b, text, n);
	usbip_put_zeros(b, size - n);
}

static void put_device(struct buf *b, const struct pensim_pen *pen, size_t i)
{
	const struct pensim_usb *usb = pen->port.usb;
	char busid[BUSID_SIZE], path[64];

	busid_of(i, busid);
	snprintf(path, sizeof(path), "/sys/devices/pensim/usb%u/%s", USBIP_BUS, busid);
	put_padded(b, path, USBIP_PATH_SIZE);
	put_padded(b, busid, BUSID_SIZE);
	usbip_put32(b, USBIP_BUS);
	usbip_put32(b, usbip_number_on_bus(i));
	usbip_put32(b, usb->speed);
	usbip_put16(b, USB_VENDOR_ID);
	usbip_put16(b, pensim_usb_product(usb));
	usbip_put16(b, 0x0100);
	buf_add(b, usb->kind == USB_CDC ? "\xef\x02\x01" : "\0\0\0", 3);
	buf_addc(b, (char)usb->configuration);
	buf_addc(b, 1);
	buf_addc(b, (char)pensim_usb_interfaces(usb));
}

static void put_op(struct buf *b, uint16_t code, uint32_t status)
{
	usbip_put16(b, VERSION);
	usbip_put16(b, code);
	usbip_put32(b, status);
}

static void devlist(struct usbip *u, struct usbip_conn *c)
{
	uint32_t count = 0;

	for (size_t i = 0; i < u->world->n; i++)
		count += exported(u->world->pens[i].pen);
	put_op(&c->out, OP_REP_DEVLIST, ST_OK);
	usbip_put32(&c->out, count);
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

ssize_t usbip_operation(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len)
{
	if (len < OP_HEAD)
		return 0;
	switch (usbip_get16(p + 2)) {
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
