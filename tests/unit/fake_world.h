/* SPDX-License-Identifier: MIT */
/*
 * What the manager needs around it, in memory: a database that answers when the test says so,
 * transports without a cable, and a driver whose every call is written down and which says what the
 * test wants. Pseudo-terminals stand for devices; nobody opens them.
 *
 * Included once, by the test's only file: it defines the functions of db.h and transport.h in place
 * of the real ones.
 */
#ifndef TESTS_FAKE_WORLD_H
#define TESTS_FAKE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/log.h"
#include "core/manager.h"
#include "pw_cycles.h"
#include "pw_rec.h"
#include "transport/transport.h"

#define HOST_ID UINT64_C(0x1122334455667788)
#define UNUSED	__attribute__((unused))

/* ---- the database ---- */

#define MSGS_MAX 512

static struct {
	struct db_msg *msg[MSGS_MAX]; /* submitted and not answered */
	size_t n;
	unsigned submitted[DB_NOTIFY]; /* of each kind, ever */
	/* The one pen and log that it knows, for as many serials as come. */
	uint64_t next_seq;
	uint32_t crc;
	int64_t forks;
	struct clock_fit fit;
	bool have_fit;
	struct db_health health;
	struct db_pen_row known[4];
	size_t n_known;
} fake_db;

void db_submit(struct db *db, struct db_msg *msg)
{
	(void)db;
	assert_true(fake_db.n < MSGS_MAX);
	fake_db.submitted[msg->op]++;
	msg->result = -EINPROGRESS;
	fake_db.msg[fake_db.n++] = msg;
}

void db_get_health(struct db *db, struct db_health *ret)
{
	(void)db;
	*ret = fake_db.health;
}

uint64_t db_host_id(const struct db *db)
{
	(void)db;
	return HOST_ID;
}

int db_load_pens(struct db *db, struct db_pen_row **ret, size_t *ret_count)
{
	(void)db;
	*ret = calloc(fake_db.n_known + 1, sizeof(**ret));
	assert_non_null(*ret);
	memcpy(*ret, fake_db.known, fake_db.n_known * sizeof(**ret));
	*ret_count = fake_db.n_known;
	return 0;
}

static UNUSED struct db_msg *db_first(enum db_op op)
{
	for (size_t i = 0; i < fake_db.n; i++)
		if (fake_db.msg[i]->op == op)
			return fake_db.msg[i];
	return NULL;
}

/* Answers the oldest message. */
static UNUSED void db_answer(int result)
{
	struct db_msg *msg = fake_db.msg[0];

	assert_true(fake_db.n > 0);
	memmove(fake_db.msg, fake_db.msg + 1, --fake_db.n * sizeof(fake_db.msg[0]));
	msg->result = result;
	switch (msg->op) {
	case DB_FORK:
		fake_db.forks++;
		fake_db.next_seq = 0;
		__attribute__((fallthrough));
	case DB_ATTACH:
		msg->attach.pen = 11;
		msg->attach.log = 21 + fake_db.forks;
		msg->attach.next_seq = fake_db.next_seq;
		msg->attach.crc = fake_db.crc;
		msg->attach.have_crc = fake_db.next_seq > 0;
		msg->attach.have_fit = fake_db.have_fit;
		msg->attach.fit = fake_db.fit;
		break;
	case DB_INGEST:
		if (result == 0 && msg->ingest.first_seq + msg->ingest.count > fake_db.next_seq)
			fake_db.next_seq = msg->ingest.first_seq + msg->ingest.count;
		msg->ingest.next_seq = fake_db.next_seq;
		break;
	case DB_FINDING:
		buf_done(&msg->finding.detail);
		break;
	default:
		break;
	}
	msg->done(msg, msg->ctx);
}

static UNUSED void db_answer_all(void)
{
	while (fake_db.n > 0)
		db_answer(0);
}

/* ---- transports ---- */

#define LINKS_MAX 160

struct fake_link {
	struct transport t;
	char path[LIMIT_PATH];
	bool open, held, recorded, usb;
	size_t sent;
};

static struct {
	struct fake_link link[LINKS_MAX];
	size_t n; /* ever opened */
	int open_error;
	const char *holder;
	const char *trouble;	    /* of a USB device: at open and at the close */
	char recording[LIMIT_PATH]; /* file of the newest */
	unsigned existing;	    /* recordings that are there already */
	char recorded_pen[64];
	const char *usb_serial; /* of what is at the end of any cable */
} fake_cable;

static int link_send(struct transport *t, const void *data, size_t len)
{
	struct fake_link *l = container_of(t, struct fake_link, t);

	(void)data;
	l->sent += len;
	return 0;
}

static struct transport *link_free(struct transport *t)
{
	container_of(t, struct fake_link, t)->open = false;
	return NULL;
}

static const struct transport_ops link_ops = {.send = link_send, .free = link_free};

static int link_open(struct transport **ret, const char *path,
		     const struct transport_events *events, void *ctx)
{
	struct fake_link *l = &fake_cable.link[fake_cable.n];

	if (fake_cable.open_error)
		return fake_cable.open_error;
	assert_true(fake_cable.n < LINKS_MAX);
	fake_cable.n++;
	*l = (struct fake_link){.t = {.ops = &link_ops, .events = events, .ctx = ctx},
				.open = true};
	snprintf(l->path, sizeof(l->path), "%s", path);
	*ret = &l->t;
	return 0;
}

int serial_open(struct transport **ret, sd_event *event, const char *path,
		const struct serial_policy *policy, const struct transport_events *events,
		void *ctx, char **ret_holder)
{
	(void)event;
	assert_true(policy->baud >= 300);
	if (fake_cable.open_error == -EBUSY)
		*ret_holder = strdup(fake_cable.holder);
	return link_open(ret, path, events, ctx);
}

int serial_describe(const char *path, struct serial_info *ret)
{
	(void)path;
	*ret = (struct serial_info){};
	if (!fake_cable.usb_serial)
		return -ENODEV;
	snprintf(ret->usb_serial, sizeof(ret->usb_serial), "%s", fake_cable.usb_serial);
	return 0;
}

int usb_open(struct transport **ret, sd_event *event, const char *node,
	     const struct usb_policy *policy, const struct transport_events *events, void *ctx,
	     char **ret_trouble)
{
	int r = link_open(ret, node, events, ctx);

	(void)event;
	assert_int_equal(policy->class, 0xff);
	assert_int_equal(policy->subclass, 'P');
	assert_int_equal(policy->protocol, 'W');
	assert_string_equal(policy->name, "Penwire");
	if (r < 0 && fake_cable.trouble)
		*ret_trouble = strdup(fake_cable.trouble);
	if (r == 0)
		container_of(*ret, struct fake_link, t)->usb = true;
	return r;
}

int replay_open(struct transport **ret, sd_event *event, const char *file, bool paced,
		const struct transport_events *events, void *ctx, unsigned *ret_line)
{
	(void)event;
	(void)paced;
	if (fake_cable.open_error == -EINVAL)
		*ret_line = 7;
	return link_open(ret, file, events, ctx);
}

int record_wrap(struct transport **ret, struct transport *inner, const char *file,
		const struct recording_head *head)
{
	assert_string_equal(head->driver, "fake");
	if (fake_cable.existing > 0) {
		fake_cable.existing--;
		return -EEXIST;
	}
	snprintf(fake_cable.recording, sizeof(fake_cable.recording), "%s", file);
	container_of(inner, struct fake_link, t)->recorded = true;
	*ret = inner;
	return 0;
}

void record_identify(struct transport *t, const char *pen, const char *firmware)
{
	(void)firmware;
	if (container_of(t, struct fake_link, t)->recorded)
		snprintf(fake_cable.recorded_pen, sizeof(fake_cable.recorded_pen), "%s", pen);
}

int transport_send(struct transport *t, const void *data, size_t len)
{
	return t->ops->send(t, data, len);
}

void transport_hold(struct transport *t, bool hold)
{
	container_of(t, struct fake_link, t)->held = hold;
}

const char *transport_trouble(struct transport *t)
{
	return container_of(t, struct fake_link, t)->usb ? fake_cable.trouble : NULL;
}

struct transport *transport_free(struct transport *t)
{
	return t ? t->ops->free(t) : NULL;
}

/* ---- the driver ---- */

struct fake_pen {
	const struct driver_host *host;
	bool started, closed, replay;
	unsigned cursors, commits, pings, identifies;
	struct driver_cursor cursor;
	uint64_t committed;
	uint32_t identify_ms;
	int command_error;
};

/* States of the driver outlive what the core gave them, so that a test can look back. By order of
 * start. */
static struct fake_pen fake_pens[LINKS_MAX];
static size_t n_fake_pens;

static struct fake_pen *fake_of(void *state)
{
	return *(struct fake_pen **)state;
}

static int fake_start(void *state, const struct driver_host *host, int64_t now_us)
{
	struct fake_pen *p = &fake_pens[n_fake_pens++];

	(void)now_us;
	*p = (struct fake_pen){.host = host, .started = true};
	*(struct fake_pen **)state = p;
	return 0;
}

static void fake_bytes(void *state, const uint8_t *data, size_t len, int64_t now_us)
{
	(void)state;
	(void)data;
	(void)len;
	(void)now_us;
}

static void fake_timeout(void *state, int64_t now_us)
{
	(void)state;
	(void)now_us;
}

static void fake_cursor(void *state, const struct driver_cursor *cursor, int64_t now_us)
{
	(void)now_us;
	fake_of(state)->cursors++;
	fake_of(state)->cursor = *cursor;
}

static void fake_committed(void *state, uint64_t next_seq, int64_t now_us)
{
	(void)now_us;
	fake_of(state)->commits++;
	fake_of(state)->committed = next_seq;
}

static int fake_command(void *state, enum driver_command command, uint32_t arg, int64_t now_us)
{
	struct fake_pen *p = fake_of(state);

	(void)now_us;
	if (command == DRIVER_IDENTIFY) {
		p->identifies++;
		p->identify_ms = arg;
	}
	p->pings += command == DRIVER_PING;
	p->replay = p->replay || command == DRIVER_REPLAY;
	return p->command_error;
}

static void fake_closed(void *state, int64_t now_us)
{
	(void)now_us;
	fake_of(state)->closed = true;
}

static const struct driver fake_driver = {
	.name = "fake",
	.doc = "a pen of the test",
	.state_size = sizeof(struct fake_pen *),
	.baud = 115200,
	.has_log = true,
	.stale_us = 3 * USEC_PER_SEC,
	.start = fake_start,
	.bytes = fake_bytes,
	.timeout = fake_timeout,
	.cursor = fake_cursor,
	.committed = fake_committed,
	.command = fake_command,
	.closed = fake_closed,
};

/* The same for what cannot say who it is. */
static const struct driver fake_nameless UNUSED = {
	.name = "fake",
	.doc = "a machine of the test",
	.state_size = sizeof(struct fake_pen *),
	.baud = 115200,
	.nameless = true,
	.stale_us = 3 * USEC_PER_SEC,
	.start = fake_start,
	.bytes = fake_bytes,
	.timeout = fake_timeout,
	.cursor = fake_cursor,
	.committed = fake_committed,
	.command = fake_command,
	.closed = fake_closed,
};

/* ---- what a pen says ---- */

static UNUSED void say_identity(struct fake_pen *p, const char *serial, uint64_t log_id,
				uint32_t boot, uint64_t next_seq)
{
	struct pw_identity identity = {
		.version = 1,
		.log_id = log_id,
		.boot = boot,
		.next_seq = next_seq,
		.depth_source = PW_DEPTH_SENSOR,
	};

	pw_text_put(identity.serial, serial);
	pw_text_put(identity.model, "Fake 1");
	p->host->ops->identity(p->host->ctx, &identity);
}

static UNUSED void say_sample(struct fake_pen *p, uint32_t boot, uint64_t tick_us, int64_t sent_us,
			      int64_t received_us)
{
	const struct driver_sample s = {
		.boot = boot, .tick_us = tick_us, .sent_us = sent_us, .received_us = received_us};

	p->host->ops->sample(p->host->ctx, &s);
}

/* @count button records from @seq on: 20 bytes each. */
static UNUSED void say_records(struct fake_pen *p, uint64_t seq, uint32_t count, bool live)
{
	uint8_t data[64 * 32];
	struct driver_records r = {
		.first_seq = seq, .count = count, .data = data, .live = live, .avail_seq = 0};

	assert_true(count <= 64);
	for (uint32_t i = 0; i < count; i++) {
		const union pw_rec_body body = {
			.button = {.button = (uint8_t)(seq + i), .action = 1}};
		const struct pw_rec rec = {.type = PW_REC_BUTTON, .boot = 1, .tick_us = seq + i};
		size_t size;

		assert_int_equal(
			pw_rec_encode(&rec, &body, data + r.len, sizeof(data) - r.len, &size), 0);
		r.len += size;
	}
	p->host->ops->records(p->host->ctx, &r);
}

/* ---- log lines ---- */

static struct {
	char line[512][256];
	size_t n;
} fake_log;

static void fake_sink(enum log_level level, const char *message, const struct log_field *fields,
		      size_t n_fields)
{
	(void)fields;
	(void)n_fields;
	if (level <= LOG_LEVEL_NOTICE && fake_log.n < ELEMENTSOF(fake_log.line))
		snprintf(fake_log.line[fake_log.n++], sizeof(fake_log.line[0]), "%s", message);
}

static UNUSED unsigned logged(const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < fake_log.n; i++)
		n += strstr(fake_log.line[i], text) != NULL;
	return n;
}

static UNUSED void world_reset(void)
{
	memset(&fake_db, 0, sizeof(fake_db));
	memset(&fake_cable, 0, sizeof(fake_cable));
	memset(fake_pens, 0, sizeof(fake_pens));
	memset(&fake_log, 0, sizeof(fake_log));
	n_fake_pens = 0;
	log_set_sink(fake_sink);
}

#endif
