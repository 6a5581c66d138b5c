/* SPDX-License-Identifier: MIT */
/* Transfers as the host asks for them. */
#include "pensim_usbip_wire.h"

enum { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };

#define URB_HEAD	 48u
#define URB_SHORT_NOT_OK 1u

/* A transfer as it came: the fields of CMD_SUBMIT that a device without isochronous endpoints
 * needs. */
struct submit {
	uint32_t seqnum, ep, flags, length;
	bool in;
	const uint8_t *setup, *data;
};

static void put_answer(struct usbip_conn *c, uint32_t command, uint32_t seqnum, int32_t status,
		       uint32_t actual)
{
	usbip_put32(&c->out, command);
	usbip_put32(&c->out, seqnum);
	usbip_put_zeros(&c->out, 12); /* device, direction, endpoint: of requests only */
	usbip_put32(&c->out, (uint32_t)status);
	usbip_put32(&c->out, actual);
	usbip_put_zeros(&c->out, 20); /* isochronous transfers' fields, and padding */
}

void usbip_answer_data(struct usbip_conn *c, const struct pensim_urb *urb, int32_t status,
		       const void *data, size_t n)
{
	if (status == 0 && urb->short_not_ok && n < urb->length)
		status = -EREMOTEIO;
	put_answer(c, RET_SUBMIT, urb->seqnum, status, (uint32_t)n);
	buf_add(&c->out, data, n);
}

static void control(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	_cleanup_(buf_done) struct buf reply = BUF_INIT(USB_REPLY_MAX);
	struct pensim_pen *pen = usbip_pen_of(u, c);
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
	put_answer(c, RET_SUBMIT, s->seqnum, MIN(r, 0), r < 0 ? 0 : actual);
	if (r >= 0 && s->in)
		buf_add(&c->out, reply.data, actual);
}

static void to_pen(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	struct pensim_pen *pen = usbip_pen_of(u, c);
	struct pensim_usb *usb = pen->port.usb;

	if (pensim_usb_once_due(usb, USB_ONCE_STALL_OUT))
		usb->halted_out = true;
	if (usb->configuration == 0 || usb->dead) {
		put_answer(c, RET_SUBMIT, s->seqnum, -EPROTO, 0);
		return;
	}
	if (usb->halted_out) {
		put_answer(c, RET_SUBMIT, s->seqnum, -EPIPE, 0);
		return;
	}
	put_answer(c, RET_SUBMIT, s->seqnum, 0, s->length);
	if (s->length > 0)
		world_from_host(u->world, c->pen, s->data, s->length);
}

static void submit(struct usbip *u, struct usbip_conn *c, const struct submit *s)
{
	struct pensim_usb *usb = usbip_pen_of(u, c)->port.usb;
	struct pensim_urb urb = {.seqnum = s->seqnum,
				 .length = s->length,
				 .ep = (uint8_t)s->ep,
				 .short_not_ok = s->flags & URB_SHORT_NOT_OK};

	if (s->ep == 0)
		control(u, c, s);
	else if (s->ep == USB_EP_DATA && !s->in)
		to_pen(u, c, s);
	else if (!s->in || s->ep > USB_EP_NOTIFY || usb->configuration == 0)
		put_answer(c, RET_SUBMIT, s->seqnum, -EPROTO,
			   0); /* nobody is there who would answer */
	else if (pensim_usb_keep(usb, &urb) < 0)
		put_answer(c, RET_SUBMIT, s->seqnum, -ENOMEM, 0);
}

static void unlink_urb(struct usbip *u, struct usbip_conn *c, uint32_t seqnum, uint32_t victim)
{
	bool pending = pensim_usb_unlink(usbip_pen_of(u, c)->port.usb, victim) == 0;

	put_answer(c, RET_UNLINK, seqnum, pending ? -ECONNRESET : 0, 0);
}

ssize_t usbip_request(struct usbip *u, struct usbip_conn *c, const uint8_t *p, size_t len)
{
	struct submit s;
	size_t size = URB_HEAD;

	if (len < URB_HEAD)
		return 0;
	s = (struct submit){.seqnum = usbip_get32(p + 4),
			    .in = usbip_get32(p + 12) != 0,
			    .ep = usbip_get32(p + 16),
			    .flags = usbip_get32(p + 20),
			    .length = usbip_get32(p + 24),
			    .setup = p + 40,
			    .data = p + URB_HEAD};
	switch (usbip_get32(p)) {
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
		unlink_urb(u, c, s.seqnum, usbip_get32(p + 20));
		return URB_HEAD;
	}
	return -EPROTO;
}
