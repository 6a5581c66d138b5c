/* SPDX-License-Identifier: MIT */
/* A transport around another one that writes down what passes. */
#include <fcntl.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "transport/recording.h"

#define HEAD_TEXT 64 /* size of recording_head's pen and firmware */
#define STOPPED	  "# stopped here: the recording has reached its largest size\n"

struct record {
	struct transport t;
	struct transport *inner;
	int fd;			     /* -EBADF once nothing more is written */
	int64_t start_us;	     /* CLOCK_BOOTTIME */
	int64_t size;		     /* bytes written */
	int64_t pen_at, firmware_at; /* where in the file these values stand */
	bool busy, freed;	     /* freed while a callback of ours runs */
	char line[RECORDING_LINE_MAX + 1];
};

/*
 * Each line goes to the kernel at once and whole, so that a daemon that is killed leaves a
 * recording that ends with what it last saw. What cannot be written ends the recording, never the
 * connection.
 */
static void record_write(struct record *r, const char *text, size_t len)
{
	bool full = r->size + (int64_t)(len + strlen(STOPPED)) > LIMIT_RECORDING_BYTES;
	ssize_t n;

	if (r->fd < 0)
		return;
	if (full) {
		text = STOPPED;
		len = strlen(STOPPED);
	}
	do
		n = pwrite(r->fd, text, len, r->size);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		r->size += n;
	if (n != (ssize_t)len || full)
		r->fd = safe_close(r->fd);
}

static void record_piece(struct record *r, bool to_pen, const uint8_t *data, size_t len)
{
	int64_t at_us = now_boot_us() - r->start_us;

	while (len > 0) {
		size_t part = MIN(len, RECORDING_PIECE_MAX);

		record_write(r, r->line, recording_format(at_us, to_pen, data, part, r->line));
		data += part;
		len -= part;
	}
}

static int record_send(struct transport *t, const void *data, size_t len)
{
	struct record *r = container_of(t, struct record, t);
	int error = transport_send(r->inner, data, len);

	if (error == 0)
		record_piece(r, true, data, len);
	return error;
}

static void record_hold(struct transport *t, bool hold)
{
	transport_hold(container_of(t, struct record, t)->inner, hold);
}

static const char *record_trouble(struct transport *t)
{
	return transport_trouble(container_of(t, struct record, t)->inner);
}

static struct transport *record_free(struct transport *t)
{
	struct record *r = container_of(t, struct record, t);

	r->inner = transport_free(r->inner);
	r->fd = safe_close(r->fd);
	if (r->busy)
		r->freed = true;
	else
		free(r);
	return NULL;
}

static void record_done(struct record *r)
{
	r->busy = false;
	if (r->freed)
		free(r);
}

static void record_on_bytes(void *ctx, const uint8_t *data, size_t len)
{
	struct record *r = ctx;

	record_piece(r, false, data, len);
	r->busy = true;
	r->t.events->on_bytes(r->t.ctx, data, len);
	record_done(r);
}

static void record_on_closed(void *ctx, int error)
{
	struct record *r = ctx;

	r->fd = safe_close(r->fd);
	r->busy = true;
	r->t.events->on_closed(r->t.ctx, error);
	record_done(r);
}

static const struct transport_ops record_ops = {
	.send = record_send,
	.hold = record_hold,
	.trouble = record_trouble,
	.free = record_free,
};
static const struct transport_events record_events = {.on_bytes = record_on_bytes,
						      .on_closed = record_on_closed};

/* A value of the head: one line, whatever is in it. */
static const char *plain(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text && n < cap - 1; text++)
		out[n++] = (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
	out[n] = '\0';
	return out;
}

/* Writes @value over the place that the head keeps for it. */
static void fill_in(struct record *r, int64_t at, const char *value)
{
	char text[HEAD_TEXT], padded[HEAD_TEXT + 1];
	int n = snprintf(padded, sizeof(padded), "%-*s", HEAD_TEXT - 1,
			 plain(value, text, sizeof(text)));

	if (r->fd >= 0 && pwrite(r->fd, padded, (size_t)n, at) != n)
		r->fd = safe_close(r->fd);
}

void record_identify(struct transport *t, const char *pen, const char *firmware)
{
	struct record *r = container_of(t, struct record, t);

	if (t->ops != &record_ops)
		return;
	fill_in(r, r->pen_at, pen);
	fill_in(r, r->firmware_at, firmware);
}

static int write_head(struct record *r, const struct recording_head *head)
{
	char who[sizeof(head->who)], notes[sizeof(head->notes)], driver[sizeof(head->driver)];
	char date[TIME_TEXT_MAX];
	_cleanup_(freep) char *text = NULL;
	int n;

	n = asprintf(&text,
		     RECORDING_MAGIC "\npen: %*s\nfirmware: %*s\ndate: %s\nwho: %s\nnotes: %s\n"
				     "driver: %s\nversion: stippled " STIPPLE_VERSION
				     "\nclock: %lld\n\n",
		     HEAD_TEXT - 1, "", HEAD_TEXT - 1, "", time_format_utc(head->at_us, date),
		     plain(head->who, who, sizeof(who)), plain(head->notes, notes, sizeof(notes)),
		     plain(head->driver, driver, sizeof(driver)), (long long)r->start_us);
	if (n < 0)
		return -ENOMEM;
	r->pen_at = strstr(text, "pen: ") + strlen("pen: ") - text;
	r->firmware_at = strstr(text, "firmware: ") + strlen("firmware: ") - text;
	record_write(r, text, (size_t)n);
	if (r->fd < 0)
		return -EIO;
	fill_in(r, r->pen_at, head->pen);
	fill_in(r, r->firmware_at, head->firmware);
	return 0;
}

int record_wrap(struct transport **ret, struct transport *inner, const char *file,
		const struct recording_head *head)
{
	struct record *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->t.ops = &record_ops;
	r->start_us = now_boot_us();
	r->fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0640);
	error = r->fd < 0 ? -errno : write_head(r, head);
	if (error < 0) {
		r->fd = safe_close(r->fd);
		free(r);
		return error;
	}
	r->t.events = inner->events;
	r->t.ctx = inner->ctx;
	inner->events = &record_events;
	inner->ctx = r;
	r->inner = inner;
	*ret = &r->t;
	return 0;
}
