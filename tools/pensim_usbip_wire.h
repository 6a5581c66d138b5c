/* SPDX-License-Identifier: MIT */
/*
 * What pensim_usbip*.c share and nobody else: numbers on the wire (big-endian), and what a connection
 * hands from one file to the next. A connection that is "imported" (conn->pen) speaks of transfers,
 * another one asks what there is.
 */
#ifndef TOOLS_PENSIM_USBIP_WIRE_H
#define TOOLS_PENSIM_USBIP_WIRE_H

#include "pensim_usbip.h"

#define USBIP_BUS	1u   /* the one bus of all pens */
#define USBIP_PATH_SIZE 256u /* of a device, padded with zeros; nothing longer is padded */

static inline uint16_t usbip_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t usbip_get32(const uint8_t *p)
{
	return (uint32_t)usbip_get16(p) << 16 | usbip_get16(p + 2);
}

static inline void usbip_put16(struct buf *b, uint16_t v)
{
	buf_add(b, (uint8_t[2]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static inline void usbip_put32(struct buf *b, uint32_t v)
{
	usbip_put16(b, (uint16_t)(v >> 16));
	usbip_put16(b, (uint16_t)v);
}

static inline void usbip_put_zeros(struct buf *b, size_t n)
{
	static const uint8_t zeros[USBIP_PATH_SIZE];

	buf_add(b, zeros, n);
}

static inline uint32_t usbip_number_on_bus(size_t pen)
{
	return (uint32_t)pen + 2; /* 1 is the hub */
}

/* The pen that the connection has imported, NULL: none. Borrows. */
static inline struct pensim_pen *usbip_pen_of(struct usbip *u, const struct usbip_conn *c)
{
	return c->pen == SIZE_MAX ? NULL : u->world->pens[c->pen].pen;
}

/* Sends what fits now of what waits in c->out, and has epoll tell when more does. A connection that
 * fails, or fetches nothing, is marked broken; nothing is freed. */
void usbip_conn_send(struct usbip *u, struct usbip_conn *c);

/* ---- pensim_usbip_list.c ---- */

/* One request of a connection that has no pen yet: what there is, or an import, which gives it one.
 * The answer waits in c->out. Bytes used; 0: more are needed; -EPROTO. */
ssize_t usbip_operation(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len);

/* ---- pensim_usbip_urb.c ---- */

/* One request of a connection with a pen: a transfer, or that one is taken back. Bytes used; 0: more
 * are needed; -EPROTO. */
ssize_t usbip_request(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len);
/* Answers @urb, a transfer from the pen, with @n bytes at @data and @status (0, or a negative errno as
 * Linux' own controllers give it). */
void usbip_answer_data(struct usbip_conn *c, const struct pensim_urb *urb, int32_t status,
		       const void *data, size_t n);

#endif
