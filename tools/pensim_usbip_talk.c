/* SPDX-License-Identifier: MIT */
/* What the pen says, as answers to the transfers that wait for it, and the faults on its way. */
#include "pensim_usbip_wire.h"

#include "base/limits.h"

#define DEAD_US	 (100 * USEC_PER_MSEC) /* that a hub takes to see that a device has gone */
#define RESET_US (50 * USEC_PER_MSEC)

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
	usbip_answer_data(port->usb->conn, &urb, status,
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
	usbip_conn_send(u, usb->conn);
	return done;
}
