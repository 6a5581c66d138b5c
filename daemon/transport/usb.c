/* SPDX-License-Identifier: MIT */
/*
 * A USB interface with one bulk endpoint in each direction, in the event loop. The only file that
 * knows libusb.
 *
 * libusb looks for nothing and runs no thread: it is handed a device file that we open, and its
 * file descriptors are polled by sd-event. Its callbacks only note which transfers ended; what
 * follows from that is done when libusb has returned, so that whoever is called back may close the
 * transport (libusb_close() inside a callback waits for itself for ever).
 *
 * USB_IN_TRANSFERS requests of 16 KiB wait in the pen's direction: over USB/IP, 16 KiB eight deep
 * carried 56 MB/s and 512 bytes one at a time 0.6. Each has its own buffer of the kernel's; usbfs
 * allows 16 MiB for all devices together, which LIMIT_PENS pens use half of. What is to be sent
 * stays in one ring until the pen has taken it, and up to USB_OUT_TRANSFERS transfers point into
 * it, so what a stall left over is sent again and nothing twice.
 *
 * What happens                              What is done
 * ----------------------------------------  ----------------------------------------------------------
 * short packet, empty packet                delivered; asked again. LIMIT_USB_EMPTY empty ones in a row:
 *                                           closed, EPROTO
 * stall                                     what came is delivered; the direction's other transfers are
 *                                           called back, the halt is cleared, it goes on. LIMIT_USB_FAULTS
 *                                           in a row without a byte: closed, EPIPE
 * overflow, babble: more than the packet    as a stall; EOVERFLOW
 * error on the wire, after the bus's tries  as a stall; EIO (a host controller halts an endpoint then, too)
 * the pen takes nothing: SEND_TIMEOUT_MS    closed, ETIMEDOUT
 * the pen sends nothing                     waited for, without end: silence is the driver's affair
 * unplugged, also in the middle             what came is delivered; closed, ENODEV, once
 * comes and goes at once                    usb_open() fails with ENODEV, or it is closed as above
 * hub or device reset by somebody           transfers end unasked, or the kernel takes the interface away:
 *                                           closed, ENODEV
 * suspend and resume of the computer        the kernel ends the transfers: closed, ENODEV; the device is
 *                                           found again at resume
 * autosuspend                               does not happen: an open device is kept awake
 * descriptors that lie                      usb_open() fails and says what is wrong
 *
 * After each close the port is opened anew and greets. Calls that wait for the device are few and
 * bounded by the kernel: asking for the configuration at open (1 s), clearing a halt (5 s, and a
 * failure of it closes).
 */
#include "transport/usb_internal.h"

#include <stdarg.h>
#include <stdio.h>

#define SEND_TIMEOUT_MS 5000  /* a pen takes bytes within a second, says its specification */
#define DRAIN_ROUNDS	20    /* at a close, to get cancelled transfers back: so many times ... */
#define DRAIN_WAIT_US	50000 /* ... so long at most. The kernel has them at once. */

int usb_errno(int libusb_error)
{
	switch (libusb_error) {
	case LIBUSB_SUCCESS:
		return 0;
	case LIBUSB_ERROR_NO_DEVICE:
		return -ENODEV;
	case LIBUSB_ERROR_ACCESS:
		return -EACCES;
	case LIBUSB_ERROR_BUSY:
		return -EBUSY;
	case LIBUSB_ERROR_TIMEOUT:
		return -ETIMEDOUT;
	case LIBUSB_ERROR_PIPE:
		return -EPIPE;
	case LIBUSB_ERROR_NO_MEM:
		return -ENOMEM;
	case LIBUSB_ERROR_OVERFLOW:
		return -EOVERFLOW;
	default:
		return -EIO;
	}
}

int usb_trouble(struct usb *u, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(u->trouble, sizeof(u->trouble), format, args);
	va_end(args);
	return error;
}

const char *usb_direction(bool in)
{
	return in ? "from the pen" : "to the pen";
}

/* ---- transfers ---- */

/* From libusb, inside whose call nothing can be done but to note it. */
static void LIBUSB_CALL usb_on_transfer(struct libusb_transfer *libusb)
{
	struct usb_transfer *x = libusb->user_data;

	assert(x->in_flight && !x->ended);
	x->in_flight = false;
	x->pipe->in_flight--;
	x->ended = true;
	x->next = NULL;
	*x->usb->ended_last = x;
	x->usb->ended_last = &x->next;
}

static int usb_submit(struct usb_transfer *x, uint8_t *data, size_t len, unsigned timeout_ms)
{
	int r;

	libusb_fill_bulk_transfer(x->libusb, x->usb->handle, x->pipe->endpoint, data, (int)len,
				  usb_on_transfer, x, timeout_ms);
	r = libusb_submit_transfer(x->libusb);
	if (r < 0)
		return usb_errno(r);
	x->number = ++x->pipe->submitted;
	x->in_flight = true;
	x->pipe->in_flight++;
	return 0;
}

/* Asks for bytes as often as it can. That the kernel has no memory for all requests is no error. */
static int usb_fill_in(struct usb *u)
{
	struct usb_pipe *in = &u->in;
	int r = 0;

	for (size_t i = 0; i < in->n_transfers && r == 0 && !in->halted; i++)
		if (!in->transfer[i].in_flight && !in->transfer[i].ended)
			r = usb_submit(&in->transfer[i], u->buffer[i], USB_IN_BYTES, 0);
	return r == -ENOMEM && in->in_flight > 0 ? 0 : r;
}

/* Hands over what is queued. A transfer never wraps around the ring's end. */
static int usb_fill_out(struct usb *u)
{
	struct usb_pipe *out = &u->out;
	int r = 0;

	for (size_t i = 0; i < out->n_transfers && r == 0 && !out->halted; i++) {
		struct usb_transfer *x = &out->transfer[i];
		size_t at = (u->out_at + u->out_flying) % sizeof(u->ring);
		size_t part = MIN(u->out_len - u->out_flying, sizeof(u->ring) - at);

		if (part == 0)
			break;
		if (x->in_flight || x->ended)
			continue;
		/* A receiver that collects whole transfers sees where one ends by a packet that is
		 * not full. */
		x->libusb->flags = part % out->packet == 0 ? LIBUSB_TRANSFER_ADD_ZERO_PACKET : 0;
		r = usb_submit(x, u->ring + at, part, SEND_TIMEOUT_MS);
		if (r == 0)
			u->out_flying += part;
	}
	return r == -ENOMEM && out->in_flight > 0 ? 0 : r;
}

/* Newest first, so that none overtakes an older one that was called back. */
static void usb_cancel(struct usb_pipe *pipe)
{
	struct usb_transfer *newest = NULL;

	do {
		uint64_t before = newest ? newest->number : UINT64_MAX;

		newest = NULL;
		for (size_t i = 0; i < pipe->n_transfers; i++) {
			struct usb_transfer *x = &pipe->transfer[i];

			if (x->in_flight && x->number < before &&
			    (!newest || x->number > newest->number))
				newest = x;
		}
		if (newest)
			(void)libusb_cancel_transfer(newest->libusb);
	} while (newest);
}

static const char *fault_text(int error)
{
	switch (error) {
	case -EPIPE:
		return "stalls";
	case -EOVERFLOW:
		return "sends more than its packet size";
	default:
		return "is not understood on the bus";
	}
}

/* The endpoint does not go on by itself. 0, or what to close with if that came too often. */
static int usb_fault(struct usb *u, struct usb_pipe *pipe, int error)
{
	if (pipe->halted)
		return 0;
	pipe->halted = true;
	pipe->fault = error;
	if (++pipe->faults > LIMIT_USB_FAULTS)
		return usb_trouble(u, error, "%s again and again (endpoint 0x%02x, %s)",
				   fault_text(error), pipe->endpoint,
				   usb_direction(pipe == &u->in));
	usb_cancel(pipe);
	return 0;
}

/* What a transfer's end means, but for the bytes. 0 or what to close with. */
static int usb_status(struct usb *u, struct usb_pipe *pipe, enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return 0;
	case LIBUSB_TRANSFER_CANCELLED:
		/* Not by us: the device was reset, or the interface taken away. */
		return pipe->halted ? 0 : -ENODEV;
	case LIBUSB_TRANSFER_STALL:
		return usb_fault(u, pipe, -EPIPE);
	case LIBUSB_TRANSFER_OVERFLOW:
		return usb_fault(u, pipe, -EOVERFLOW);
	case LIBUSB_TRANSFER_ERROR:
		return usb_fault(u, pipe, -EIO);
	case LIBUSB_TRANSFER_TIMED_OUT:
		return usb_trouble(u, -ETIMEDOUT, "takes no bytes: nothing in %d s",
				   SEND_TIMEOUT_MS / 1000);
	case LIBUSB_TRANSFER_NO_DEVICE:
	default:
		return -ENODEV;
	}
}

static int usb_in_ended(struct usb *u, struct usb_transfer *x)
{
	size_t len = (size_t)x->libusb->actual_length;
	int r;

	if (len > 0) {
		u->empty = 0;
		u->in.faults = 0;
		u->t.events->on_bytes(u->t.ctx, x->libusb->buffer, len);
		if (u->freed)
			return 0;
	} else if (x->libusb->status == LIBUSB_TRANSFER_COMPLETED && ++u->empty > LIMIT_USB_EMPTY) {
		return usb_trouble(u, -EPROTO, "sends empty packets without end");
	}
	r = usb_status(u, &u->in, x->libusb->status);
	x->ended = false;
	return r;
}

static int usb_out_ended(struct usb *u, struct usb_transfer *x)
{
	size_t len = (size_t)x->libusb->length;
	/* Behind a gap nothing counts as taken: it is sent again from the gap on. */
	size_t taken = u->out_short ? 0 : (size_t)x->libusb->actual_length;
	enum libusb_transfer_status status = x->libusb->status;

	assert(taken <= len && len <= u->out_flying);
	if (taken > 0)
		u->out.faults = 0;
	u->out_at = (u->out_at + taken) % sizeof(u->ring);
	u->out_len -= taken;
	u->out_flying -= len;
	x->ended = false;
	if (taken < len) {
		u->out_short = true;
		if (status == LIBUSB_TRANSFER_COMPLETED)
			status = LIBUSB_TRANSFER_ERROR;
	}
	return usb_status(u, &u->out, status);
}

/* All transfers of a halted endpoint are back: it may go on. */
static int usb_recover(struct usb *u, struct usb_pipe *pipe)
{
	int r;

	if (!pipe->halted || pipe->in_flight > 0)
		return 0;
	r = libusb_clear_halt(u->handle, pipe->endpoint);
	/* A device that is being unplugged is first not understood, then gone. */
	if (r == LIBUSB_ERROR_NO_DEVICE || r == LIBUSB_ERROR_NOT_FOUND ||
	    (r < 0 && pipe->fault == -EIO))
		return -ENODEV;
	if (r < 0)
		return usb_trouble(u, usb_errno(r),
				   "does not let the halt of endpoint 0x%02x be cleared: %s",
				   pipe->endpoint, libusb_strerror(r));
	pipe->halted = false;
	if (pipe == &u->out)
		u->out_short = false;
	return 0;
}

/* ---- life ---- */

static void usb_drop_watches(struct usb *u)
{
	for (size_t i = 0; i < USB_WATCHES; i++)
		u->watch[i].source = sd_event_source_disable_unref(u->watch[i].source);
}

/* Gets transfers back from the kernel. One that it kept would be libusb's to forget at its close.
 */
static void usb_drain(struct usb *u)
{
	struct timeval wait = {.tv_usec = DRAIN_WAIT_US};

	usb_cancel(&u->out);
	usb_cancel(&u->in);
	for (unsigned i = 0; i < DRAIN_ROUNDS && u->in.in_flight + u->out.in_flight > 0; i++)
		(void)libusb_handle_events_timeout_completed(u->libusb, &wait, NULL);
}

/* Not inside a call of libusb's. */
static void usb_destroy(struct usb *u)
{
	if (u->handle) {
		usb_drain(u);
		if (u->interface >= 0)
			(void)libusb_release_interface(u->handle, u->interface);
		libusb_close(u->handle);
		u->handle = NULL;
	}
	for (size_t i = 0; i < USB_TRANSFERS; i++) {
		libusb_free_transfer(u->transfer[i].libusb);
		u->transfer[i].libusb = NULL;
	}
	if (u->libusb) {
		libusb_set_pollfd_notifiers(u->libusb, NULL, NULL, NULL);
		usb_drop_watches(u);
		libusb_exit(u->libusb);
		u->libusb = NULL;
	}
	u->later = sd_event_source_disable_unref(u->later);
	u->event = sd_event_unref(u->event);
	u->fd = safe_close(u->fd);
}

static struct transport *usb_free(struct transport *t)
{
	struct usb *u = container_of(t, struct usb, t);

	if (!u->closed)
		usb_destroy(u);
	u->closed = true;
	if (u->busy)
		u->freed = true;
	else
		free(u);
	return NULL;
}

/* Does what follows from the transfers that ended: calls back, goes on, or closes. @u may be gone
 * afterwards. */
static void usb_work(struct usb *u, int error)
{
	struct usb_transfer *x;
	int r;

	if (u->closed)
		return;
	u->busy = true;
	/* Also with an error: what has arrived by then is delivered. */
	while (!u->freed && (x = u->ended)) {
		u->ended = x->next;
		if (!u->ended)
			u->ended_last = &u->ended;
		r = x->pipe == &u->in ? usb_in_ended(u, x) : usb_out_ended(u, x);
		error = error ? error : r;
	}
	if (!u->freed && error == 0) {
		error = usb_recover(u, &u->in);
		error = error ? error : usb_recover(u, &u->out);
		error = error ? error : usb_fill_in(u);
		error = error ? error : usb_fill_out(u);
	}
	if (!u->freed && error < 0) {
		u->closed = true;
		usb_destroy(u);
		u->t.events->on_closed(u->t.ctx, error);
	}
	u->busy = false;
	if (u->freed)
		free(u);
}

int usb_on_fd(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct timeval zero = {0};
	struct usb *u = ctx;
	int r = libusb_handle_events_timeout_completed(u->libusb, &zero, NULL);

	(void)source;
	(void)fd;
	(void)revents;
	usb_work(u, r == LIBUSB_ERROR_INTERRUPTED ? 0 : usb_errno(r));
	return 0;
}

int usb_on_later(sd_event_source *source, void *ctx)
{
	struct usb *u = ctx;

	(void)source;
	usb_work(u, u->error);
	return 0;
}

static int usb_send(struct transport *t, const void *data, size_t len)
{
	struct usb *u = container_of(t, struct usb, t);
	size_t at, part;

	if (u->closed || u->error)
		return -ENODEV;
	if (len > sizeof(u->ring) - u->out_len)
		return -ENOBUFS;
	at = (u->out_at + u->out_len) % sizeof(u->ring);
	part = MIN(len, sizeof(u->ring) - at);
	memcpy(u->ring + at, data, part);
	memcpy(u->ring, (const uint8_t *)data + part, len - part);
	u->out_len += len;
	u->error = usb_fill_out(u);
	if (u->error < 0) {
		/* The caller is not to be called back out of its own call. */
		(void)sd_event_source_set_enabled(u->later, SD_EVENT_ONESHOT);
		return -ENODEV;
	}
	return 0;
}

static const char *usb_get_trouble(struct transport *t)
{
	struct usb *u = container_of(t, struct usb, t);

	return u->trouble[0] ? u->trouble : NULL;
}

static const struct transport_ops usb_ops = {
	.send = usb_send, .free = usb_free, .trouble = usb_get_trouble};

/* ---- beginning ---- */

void usb_setup(struct usb *u, sd_event *event, const struct transport_events *events, void *ctx)
{
	u->t = (struct transport){.ops = &usb_ops, .events = events, .ctx = ctx};
	u->event = sd_event_ref(event);
	u->fd = -EBADF;
	u->interface = -1;
	u->ended_last = &u->ended;
}

int usb_begin(struct usb *u)
{
	u->in.transfer = u->transfer;
	u->in.n_transfers = USB_IN_TRANSFERS;
	u->out.transfer = u->transfer + USB_IN_TRANSFERS;
	u->out.n_transfers = USB_OUT_TRANSFERS;
	for (size_t i = 0; i < USB_TRANSFERS; i++) {
		struct usb_transfer *x = &u->transfer[i];

		x->usb = u;
		x->pipe = i < USB_IN_TRANSFERS ? &u->in : &u->out;
		x->libusb = libusb_alloc_transfer(0);
		if (!x->libusb)
			return -ENOMEM;
	}
	return usb_fill_in(u);
}
