/* SPDX-License-Identifier: MIT */
/* A core for fuzzing drivers: believes nothing, and aborts when an order breaks the rules of
 * driver.h. */
#ifndef TESTS_FUZZ_HOST_H
#define TESTS_FUZZ_HOST_H

#include <stdio.h>

#include "drivers/driver.h"
#include "pw_rec.h"

#define FUZZ_CREDIT 64u

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct fuzz_host {
	const struct driver *driver;
	void *state;
	struct driver_host host;
	int64_t now_us, armed_us;
	bool inside; /* the driver is being called: it may order */
	bool done, full, read_only;
	/* the log as the database sees it */
	bool waiting; /* for a cursor */
	bool attached;
	uint64_t log_id, next, durable;
	uint32_t crc;		   /* of the record before next */
	uint64_t sent, identities; /* orders, counted against time */
};

static int fuzz_send(void *ctx, const void *data, size_t len)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done);
	CHECK(len > 0 && len <= 256 && ((const uint8_t *)data)[len - 1] == 0);
	if (h->read_only)
		return -EROFS;
	if (h->full)
		return -ENOBUFS;
	h->sent++;
	return 0;
}

static void fuzz_identity(void *ctx, const struct pw_identity *id)
{
	struct fuzz_host *h = ctx;
	char serial[PW_TEXT_SIZE + 1];

	CHECK(h->inside && !h->done);
	CHECK(pw_text_get(id->serial, serial) > 0);
	CHECK(id->log_id != 0 && id->first_seq <= id->next_seq);
	if (!h->attached || h->log_id != id->log_id) {
		h->log_id = id->log_id;
		h->next = h->durable = 0;
	}
	h->attached = false;
	h->waiting = true;
	h->identities++;
}

static void fuzz_records(void *ctx, const struct driver_records *r)
{
	struct fuzz_host *h = ctx;
	struct pw_rec rec;
	size_t at = 0, size = 0;

	CHECK(h->inside && !h->done && h->attached && !h->waiting && !h->read_only);
	CHECK(r->log_id == h->log_id && r->count > 0 && r->avail_seq <= r->first_seq);
	CHECK(r->first_seq >= h->next);
	CHECK(r->first_seq == h->next || r->avail_seq == r->first_seq);
	CHECK(r->first_seq < INT64_MAX && r->count <= FUZZ_CREDIT - (h->next - h->durable));
	for (uint32_t i = 0; i < r->count; i++) {
		at += size;
		CHECK(pw_rec_next(r->data + at, r->len - at, &rec, &size) == PW_OK);
	}
	CHECK(at + size == r->len);
	/* What is lost needs no room. */
	h->durable += r->first_seq - h->next;
	h->next = r->first_seq + r->count;
	h->crc = pw_rec_crc(h->next - 1, r->data + at, size);
}

static uint32_t fuzz_credit(void *ctx)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done);
	return h->attached ? (uint32_t)(FUZZ_CREDIT - (h->next - h->durable)) : 0;
}

static void fuzz_status(void *ctx, const struct pw_status *s)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done && s->first_seq <= s->next_seq);
}

static void fuzz_sample(void *ctx, const struct driver_sample *s)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done && s->sent_us <= s->received_us);
}

static void fuzz_diverged(void *ctx, uint64_t seq, uint32_t expected_crc, uint32_t found_crc)
{
	struct fuzz_host *h = ctx;

	(void)seq;
	CHECK(h->inside && !h->done && h->attached && expected_crc != found_crc);
	h->next = h->durable = 0;
	h->attached = false;
	h->waiting = true;
}

static void fuzz_arm(void *ctx, int64_t at_us)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done);
	h->armed_us = at_us;
}

static void fuzz_anomaly(void *ctx, enum driver_anomaly kind, uint32_t count, const char *detail)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done && count > 0 && detail && driver_anomaly_name(kind));
}

static void fuzz_done(void *ctx, int error, const char *why)
{
	struct fuzz_host *h = ctx;

	CHECK(h->inside && !h->done && error < 0 && strlen(why) > 0);
	h->done = true;
}

static const struct driver_host_ops fuzz_ops = {
	.send = fuzz_send,
	.identity = fuzz_identity,
	.records = fuzz_records,
	.credit = fuzz_credit,
	.status = fuzz_status,
	.sample = fuzz_sample,
	.diverged = fuzz_diverged,
	.arm = fuzz_arm,
	.anomaly = fuzz_anomaly,
	.done = fuzz_done,
};

/* Calls the driver, unless it has given up. */
#define FUZZ_CALL(h, call)                                                                         \
	do {                                                                                       \
		if ((h)->done)                                                                     \
			break;                                                                     \
		(h)->inside = true;                                                                \
		call;                                                                              \
		(h)->inside = false;                                                               \
	} while (0)

static void fuzz_open(struct fuzz_host *h, const char *driver)
{
	*h = (struct fuzz_host){
		.driver = driver_find(driver), .now_us = 1000000, .armed_us = INT64_MAX};
	CHECK(h->driver);
	h->host = (struct driver_host){.ops = &fuzz_ops,
				       .ctx = h,
				       .host_id = 1,
				       .serial = h->driver->nameless ? "FUZZ-1" : NULL};
	h->state = calloc(1, h->driver->state_size);
	CHECK(h->state);
	h->inside = true;
	CHECK(h->driver->start(h->state, &h->host, h->now_us) == 0);
	h->inside = false;
}

static void fuzz_close(struct fuzz_host *h)
{
	h->driver->closed(h->state, h->now_us);
	free(h->state);
}

static void fuzz_answer(struct fuzz_host *h)
{
	struct driver_cursor cursor = {.log_id = h->log_id,
				       .next_seq = h->durable,
				       .crc = h->crc,
				       .have_crc = h->durable > 0 && h->durable == h->next,
				       .host_id = 1};

	if (!h->waiting)
		return;
	h->next = h->durable;
	h->waiting = false;
	h->attached = true;
	FUZZ_CALL(h, h->driver->cursor(h->state, &cursor, h->now_us));
}

static void fuzz_commit(struct fuzz_host *h)
{
	if (!h->attached)
		return;
	h->durable = h->next;
	FUZZ_CALL(h, h->driver->committed(h->state, h->durable, h->now_us));
}

/* Lets time go by, and the driver's timer with it. */
static void fuzz_wait(struct fuzz_host *h, int64_t us)
{
	int64_t end_us = h->now_us + us;
	uint64_t sent = h->sent;

	while (!h->done && h->armed_us <= end_us) {
		h->now_us = MAX(h->armed_us, h->now_us);
		h->armed_us = INT64_MAX;
		FUZZ_CALL(h, h->driver->timeout(h->state, h->now_us));
		/* A timer that is always due would spin the loop. */
		CHECK(h->armed_us > h->now_us || h->done);
	}
	h->now_us = end_us;
	/* With nothing new to answer, no pen can make the host talk faster than this. */
	CHECK(h->sent - sent <= 16 + 8 * (uint64_t)us / 1000000);
}

#endif
