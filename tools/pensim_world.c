/* SPDX-License-Identifier: MIT */
#include "pensim_usbip.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/limits.h"
#include "base/log.h"

#define PIECE		4096u /* handed out by the pen at a time: what a FIFO would hold */
#define READS_AT_ONCE	16    /* then the others have their turn */
#define BABBLE_US	(50 * USEC_PER_MSEC)
#define PLUG_RETRY_US	USEC_PER_SEC
#define BUSY_RETRY_US	(50 * USEC_PER_MSEC)
#define QUEUE_MAX	(64u << 10) /* longer transfers are answered with less */
#define FULL_SPEED	1216e3 /* bytes a second: 19 bulk packets of 64 bytes in each millisecond */
#define HIGH_SPEED	53248e3 /* 13 of 512 in each eighth of one */
#define ALLOWANCE_US	(20 * USEC_PER_MSEC)
#define STALL_MIN_S	0.1
#define STALL_MAX_S	3.0
#define UNPLUGGED_MIN_S 0.05
#define UNPLUGGED_MAX_S 2.0
#define STORE_MIN_S	0.5
#define STORE_MAX_S	5.0
#define JUMP_MAX_S	100.0

int64_t world_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

int64_t world_utc(const struct world *w, int64_t now_us)
{
	return w->setup.now_utc_us + (int64_t)((double)(now_us - w->began_us) * w->speed);
}

/* When it will be @utc_us. */
static int64_t real_of(const struct world *w, int64_t utc_us)
{
	double us;

	if (utc_us == INT64_MAX)
		return INT64_MAX;
	us = ceil((double)(utc_us - w->setup.now_utc_us) / w->speed);
	return us > 1e17 ? INT64_MAX : w->began_us + (int64_t)us;
}

/* ---- cables ---- */

static int plug_usb(struct world *w, size_t i)
{
	struct pensim_pen *pen = w->pens[i].pen;
	int r;

	pen->port.usb->lie = (enum pensim_usb_lie)pen->faults.value[FAULT_USB_LIE];
	r = w->usbip ? usbip_plug(w->usbip, i)
		     : 0; /* before there is USB, it waits there to be taken along */
	if (r < 0)
		return r;
	pen->port.plugged = true;
	return 0;
}

int world_plug(struct world *w, size_t i)
{
	struct world_pen *p = &w->pens[i];
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
				.data.u64 = WORLD_KEY(WORLD_PEN, i)};
	int r;

	if (p->pen->port.plugged)
		return -EALREADY;
	p->plug_us = INT64_MAX;
	p->due_us = 0;
	if (w->dry)
		return 0;
	if (p->pen->port.usb)
		return plug_usb(w, i);
	if (!w->dir)
		return -ENOENT;
	r = pensim_port_open(&p->pen->port, w->dir, p->name);
	if (r < 0)
		return r;
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, p->pen->port.fd, &e) < 0) {
		r = -errno;
		pensim_port_close(&p->pen->port);
		return r;
	}
	return 0;
}

void world_host_gone(struct pensim_pen *pen)
{
	pw_pen_disconnected(&pen->pw);
	pensim_fault_restart(&pen->faults);
	pen->port.host = pen->port.full = false;
	buf_reset(&pen->port.queue);
	pen->port.at = 0;
}

int world_pull(struct world *w, size_t i, int64_t plug_us)
{
	struct world_pen *p = &w->pens[i];

	p->plug_us = plug_us;
	if (!p->pen->port.plugged)
		return -EALREADY;
	world_host_gone(p->pen);
	if (p->pen->port.usb && w->usbip)
		usbip_pull(w->usbip, i);
	pensim_port_close(&p->pen->port);
	p->pen->faults.pull_at_bytes = UINT64_MAX;
	p->due_us = 0;
	return 0;
}

static int64_t later(struct pensim_pen *pen, int64_t now_us, double min_s, double max_s)
{
	return now_us + (int64_t)(rng_range(&pen->faults.rng, min_s, max_s) * 1e6);
}

/* ---- what happens by itself ---- */

static int roll_back(struct pensim_pen *pen, int64_t utc_us)
{
	int r = pen->snapshot ? pensim_pen_restore(pen, utc_us) : 0;

	return r < 0 ? r : pensim_pen_snapshot(pen);
}

static void timed_faults(struct world *w, size_t i, int64_t now_us)
{
	struct pensim_pen *pen = w->pens[i].pen;
	struct pensim_faults *f = &pen->faults;
	int64_t utc_us = world_utc(w, now_us);
	int r = 0;

	if (pensim_fault_due(f, FAULT_STALL, now_us))
		f->stalled_until_us = later(pen, now_us, STALL_MIN_S, STALL_MAX_S);
	if (pensim_fault_due(f, FAULT_PULL, now_us) && pen->port.plugged)
		world_pull(w, i, later(pen, now_us, UNPLUGGED_MIN_S, UNPLUGGED_MAX_S));
	if (pensim_fault_due(f, FAULT_JUMP, now_us))
		pensim_jump(pen, utc_us, (int64_t)(rng_range(&f->rng, 1, JUMP_MAX_S) * 1e6));
	if (pensim_fault_due(f, FAULT_STORE, now_us)) {
		pen->flash.fail = true;
		w->pens[i].store_us = later(pen, now_us, STORE_MIN_S, STORE_MAX_S);
	}
	if (now_us >= w->pens[i].store_us) {
		pen->flash.fail = false;
		w->pens[i].store_us = INT64_MAX;
	}
	if (pensim_fault_due(f, FAULT_REBOOT, now_us))
		r = pensim_pen_reboot(pen, utc_us);
	if (r == 0 && pensim_fault_due(f, FAULT_FORMAT, now_us))
		r = pensim_pen_format(pen, utc_us);
	if (r == 0 && pensim_fault_due(f, FAULT_ROLL_BACK, now_us))
		r = roll_back(pen, utc_us);
	if (r < 0)
		log_err("a pen does not start again", "PEN", pen->serial, "ERROR", strerror(-r),
			NULL);
}

static void plug_back(struct world *w, size_t i, int64_t now_us)
{
	struct world_pen *p = &w->pens[i];
	int r;

	if (now_us < p->plug_us)
		return;
	r = world_plug(w, i);
	if (r == -EBUSY) { /* the port's last device is still being cleared away */
		p->plug_us = now_us + BUSY_RETRY_US;
	} else if (r < 0) {
		log_warning("cannot plug a pen", "PEN", p->pen->serial, "ERROR", strerror(-r),
			    NULL);
		p->plug_us = now_us + PLUG_RETRY_US;
	}
}

/* ---- USB ---- */

void world_usb_configured(struct world *w, size_t i)
{
	struct pensim_pen *pen = w->pens[i].pen;
	double ms = pen->faults.value[FAULT_USB_VANISH];

	if (ms <= 0)
		return;
	pen->port.usb->leave_us = world_now() + (int64_t)(ms * 1000);
	pen->port.usb->away_us = later(pen, 0, UNPLUGGED_MIN_S, UNPLUGGED_MAX_S);
}

static void usb_faults(struct world *w, size_t i, int64_t now_us)
{
	struct pensim_pen *pen = w->pens[i].pen;
	struct pensim_faults *f = &pen->faults;
	struct pensim_usb *usb = pen->port.usb;

	if (!usb)
		return;
	if (pensim_fault_due(f, FAULT_USB_STALL, now_us))
		usb->once |= rng_chance(&f->rng, 0.5) ? USB_ONCE_STALL_IN : USB_ONCE_STALL_OUT;
	if (pensim_fault_due(f, FAULT_USB_CUT, now_us)) {
		usb->once |= USB_ONCE_CUT;
		usb->away_us = later(pen, 0, UNPLUGGED_MIN_S, UNPLUGGED_MAX_S);
	}
	if (pensim_fault_due(f, FAULT_USB_RESET, now_us))
		usb->once |= USB_ONCE_RESET;
	if (pen->port.plugged && now_us >= usb->leave_us)
		world_pull(w, i, now_us + usb->away_us);
}

/* ---- talking ---- */

static void queue_bytes(struct pensim_pen *pen, const uint8_t *data, size_t len)
{
	uint8_t spoilt[2 * PIECE];

	while (len > 0) {
		size_t n = MIN(len, (size_t)PIECE);

		buf_add(&pen->port.queue, spoilt,
			pensim_fault_bytes(&pen->faults, true, data, n, spoilt));
		data += n;
		len -= n;
	}
}

static void queue_more(struct pensim_pen *pen, int64_t utc_us)
{
	_cleanup_(buf_done) struct buf frames = BUF_INIT(0);
	uint8_t piece[PIECE];
	size_t n = pensim_pen_output(pen, piece, sizeof(piece), utc_us);

	if (!pensim_fault_spoils_messages(&pen->faults)) {
		queue_bytes(pen, piece, n);
		return;
	}
	while (n > 0 && frames.len == 0) {
		pensim_fault_frames(&pen->faults, piece, n, &frames);
		if (frames.len == 0)
			n = pensim_pen_output(pen, piece, sizeof(piece), utc_us);
	}
	queue_bytes(pen, (const uint8_t *)frames.data, frames.len);
}

static void babble(struct world_pen *p, int64_t now_us)
{
	struct pensim_pen *pen = p->pen;
	double n = pen->faults.value[FAULT_BABBLE] * BABBLE_US / 1e6;
	uint8_t noise[PIECE];

	if (n <= 0 || now_us < p->babble_us)
		return;
	p->babble_us = now_us + BABBLE_US;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)rng_next(&pen->faults.rng);
	buf_add(&pen->port.queue, noise, n < sizeof(noise) ? (size_t)n : sizeof(noise));
}

/* Bytes a second that the cable carries to the host; 0: as fast as it goes. */
static double rate_of(const struct world *w, const struct pensim_pen *pen)
{
	double bus = 0;

	if (pen->port.usb)
		bus = pen->port.usb->speed == USB_HIGH ? HIGH_SPEED : FULL_SPEED;
	return bus > 0 && w->bytes_per_second > 0 ? fmin(bus, w->bytes_per_second)
						  : bus + w->bytes_per_second;
}

size_t world_burst(const struct world *w, size_t i)
{
	double rate = rate_of(w, w->pens[i].pen);
	size_t least = w->pens[i].pen->port.usb ? pensim_usb_packet(w->pens[i].pen->port.usb) : 1;

	return rate > 0 ? MAX((size_t)(rate * ALLOWANCE_US / 1e6), least) : SIZE_MAX;
}

/* How many bytes the cable has had the time for. */
static uint64_t allowance(struct world *w, size_t i, int64_t now_us)
{
	struct world_pen *p = &w->pens[i];
	double rate = rate_of(w, p->pen);

	if (rate <= 0)
		return UINT64_MAX;
	p->allowance += (double)(now_us - p->allowance_us) * rate / 1e6;
	p->allowance = fmin(p->allowance, (double)world_burst(w, i) + 1);
	p->allowance_us = now_us;
	return p->allowance > 0 ? (uint64_t)p->allowance : 0;
}

/* How many bytes in all may have been sent by now. */
static uint64_t send_limit(struct world *w, size_t i, int64_t now_us)
{
	struct pensim_pen *pen = w->pens[i].pen;
	uint64_t allowed = allowance(w, i, now_us);

	pensim_fault_sent(&pen->faults, pen->port.sent);
	return MIN(pen->faults.pull_at_bytes,
		   allowed == UINT64_MAX ? allowed : pen->port.sent + allowed);
}

/* When a pen whose bytes are spent comes back. */
static int64_t pulled_until(struct world_pen *p, int64_t now_us)
{
	int64_t after_us = p->replug_us;

	p->replug_us = -1;
	if (after_us >= 0)
		return now_us + after_us;
	if (p->pen->faults.value[FAULT_PULL_BYTES] > 0)
		return later(p->pen, now_us, UNPLUGGED_MIN_S, UNPLUGGED_MAX_S);
	return INT64_MAX;
}

/* Fills the queue up to what the oldest transfer takes. */
static void queue_transfer(struct world *w, size_t i, int64_t now_us)
{
	struct world_pen *p = &w->pens[i];
	struct pensim_port *port = &p->pen->port;
	size_t room = MIN(usbip_room(p->pen), (size_t)QUEUE_MAX), before;

	do {
		before = port->queue.len;
		if (before - port->at < room)
			queue_more(p->pen, world_utc(w, now_us));
	} while (port->queue.len > before);
	if (port->queue.len == 0)
		babble(p, now_us);
}

static void talk_usb(struct world *w, size_t i, int64_t now_us)
{
	struct world_pen *p = &w->pens[i];
	struct pensim_port *port = &p->pen->port;
	bool more = true;

	while (more && port->plugged) {
		bool mute = !port->host || now_us < p->pen->faults.stalled_until_us;
		uint64_t before = port->sent;

		if (!mute)
			queue_transfer(w, i, now_us);
		pensim_fault_sent(&p->pen->faults, port->sent);
		more = usbip_talk(w->usbip, i, mute ? 0 : allowance(w, i, now_us), now_us);
		p->allowance -= (double)(port->sent - before);
		if (port->sent >= p->pen->faults.pull_at_bytes)
			world_pull(w, i, pulled_until(p, now_us));
	}
}

static void talk(struct world *w, size_t i, int64_t now_us)
{
	struct world_pen *p = &w->pens[i];
	struct pensim_port *port = &p->pen->port;
	int64_t utc_us = world_utc(w, now_us);

	while (port->plugged && port->host && now_us >= p->pen->faults.stalled_until_us) {
		uint64_t limit, before = port->sent;

		if (port->queue.len == 0)
			queue_more(p->pen, utc_us);
		if (port->queue.len == 0)
			babble(p, now_us);
		if (port->queue.len == 0)
			return;
		limit = send_limit(w, i, now_us);
		pensim_port_flush(port, limit);
		p->allowance -= (double)(port->sent - before);
		if (port->sent >= p->pen->faults.pull_at_bytes) {
			world_pull(w, i, pulled_until(p, now_us));
			return;
		}
		if (port->queue.len > 0 || port->sent == before)
			return;
	}
}

void world_from_host(struct world *w, size_t i, const uint8_t *data, size_t len)
{
	struct pensim_pen *pen = w->pens[i].pen;
	uint8_t spoilt[2 * PIECE];

	pen->port.received += len;
	pen->port.host = true;
	w->pens[i].allowance -= (double)len; /* the bus has one direction at a time */
	while (len > 0) {
		size_t n = MIN(len, (size_t)PIECE);

		pensim_pen_input(pen, spoilt,
				 pensim_fault_bytes(&pen->faults, false, data, n, spoilt),
				 world_utc(w, world_now()));
		data += n;
		len -= n;
	}
}

void world_on_pen(struct world *w, size_t i)
{
	struct pensim_pen *pen = w->pens[i].pen;
	uint8_t data[1024], spoilt[2 * sizeof(data)];

	for (int n = 0; n < READS_AT_ONCE && pen->port.plugged; n++) {
		ssize_t got = pensim_port_read(&pen->port, data, sizeof(data));

		if (got == 0)
			break;
		if (got < 0) {
			if (pen->port.host)
				pensim_port_drop(&pen->port);
			world_host_gone(pen);
			break;
		}
		got = (ssize_t)pensim_fault_bytes(&pen->faults, false, data, (size_t)got, spoilt);
		pensim_pen_input(pen, spoilt, (size_t)got, world_utc(w, world_now()));
		if (n + 1 == READS_AT_ONCE)
			w->pens[i].due_us = 0; /* there may be more, and no edge will tell */
	}
	world_serve(w, i);
}

/* ---- time ---- */

static int64_t next_look(const struct world *w, const struct world_pen *p, int64_t now_us)
{
	const struct pensim_pen *pen = p->pen;
	const struct pensim_faults *f = &pen->faults;
	const struct pensim_port *port = &pen->port;
	int64_t next = MIN(MIN(pensim_fault_next(f), p->plug_us), p->store_us);

	if (pen->pw.running)
		next = MIN(next, now_us + w->step_us);
	else if (pen->work.until_us != UINT64_MAX)
		next = MIN(next, real_of(w, pensim_pen_utc(pen, pen->work.until_us)));
	if (port->usb && port->plugged)
		next = MIN(next, port->usb->leave_us);
	if (!port->plugged || !port->host)
		return next;
	if (f->value[FAULT_BABBLE] > 0)
		next = MIN(next, now_us + BABBLE_US);
	if (now_us < f->stalled_until_us)
		return MIN(next, f->stalled_until_us);
	if (port->full)
		return next;
	if (port->queue.len > 0)
		return MIN(next, now_us + ALLOWANCE_US / 4);
	return MIN(next,
		   real_of(w, pensim_pen_utc(
				      pen,
				      pw_pen_next_us(&pen->pw,
						     pensim_pen_tick(pen, world_utc(w, now_us))))));
}

void world_serve(struct world *w, size_t i)
{
	struct world_pen *p = &w->pens[i];
	int64_t now_us = world_now(), utc_us = world_utc(w, now_us);

	timed_faults(w, i, now_us);
	usb_faults(w, i, now_us);
	plug_back(w, i, now_us);
	while (pensim_work_step(p->pen, pensim_pen_tick(p->pen, utc_us)))
		;
	if (!p->pen->port.usb)
		talk(w, i, now_us);
	else if (w->usbip)
		talk_usb(w, i, now_us);
	p->due_us = next_look(w, p, now_us);
}

int64_t world_tick(struct world *w)
{
	int64_t next = INT64_MAX, now_us = world_now();

	for (size_t i = 0; i < w->n; i++) {
		if (w->pens[i].due_us <= now_us)
			world_serve(w, i);
		next = MIN(next, w->pens[i].due_us);
	}
	return next;
}

/* ---- all of it ---- */

int world_add(struct world *w, struct pensim_pen *pen)
{
	struct world_pen *p;
	int r;

	w->pens = reallocarray(w->pens, w->n + 1, sizeof(*w->pens));
	if (!w->pens)
		abort();
	p = &w->pens[w->n];
	*p = (struct world_pen){
		.pen = pen, .replug_us = -1, .plug_us = INT64_MAX, .store_us = INT64_MAX};
	if (w->names_by_serial)
		snprintf(p->name, sizeof(p->name), "%s", pen->serial);
	else
		snprintf(p->name, sizeof(p->name), "pen%zu", w->n);
	r = world_plug(w, w->n++);
	return r;
}

void world_done(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		pensim_pen_free(w->pens[i].pen);
	free(w->pens);
	w->epoll = safe_close(w->epoll);
}

void world_write_truth(struct world *w, struct buf *b)
{
	json_open(b, '{');
	json_key(b, "seed");
	json_uint(b, w->setup.seed);
	json_kv_time(b, "now", w->setup.now_utc_us);
	json_key(b, "pens");
	json_open(b, '[');
	for (size_t i = 0; i < w->n; i++)
		pensim_pen_write_truth(b, w->pens[i].pen);
	json_close(b, ']');
	json_close(b, '}');
	buf_addc(b, '\n');
}

int world_save_truth(struct world *w, const char *path)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	_cleanup_(freep) char *temporary = NULL;
	_cleanup_(closep) int fd = -EBADF;

	world_write_truth(w, &b);
	if (b.error)
		return b.error;
	if (asprintf(&temporary, "%s.new", path) < 0)
		return -ENOMEM;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < b.len;) {
		ssize_t n = write(fd, b.data + at, b.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int r = n < 0 ? -errno : -EIO;

			unlink(temporary);
			return r;
		}
		at += (size_t)n;
	}
	return rename(temporary, path) < 0 ? -errno : 0;
}
