/* SPDX-License-Identifier: MIT */
/*
 * A core and a database in memory, for tests of drivers: it answers identities with cursors, grants
 * credit, commits what it got after a while, can be killed at any moment, and checks that records
 * come in order and within the credit. With a trace it writes down what the driver orders, one line
 * each.
 *
 * Time is the test's: it sets now_us, and calls core_run() when core_next_us() or the driver's
 * timer has come.
 */
#ifndef TESTS_FAKE_CORE_H
#define TESTS_FAKE_CORE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/driver.h"
#include "pw_frame.h"
#include "pw_msg.h"
#include "pw_rec.h"

#define CORE_LOGS_MAX 16
#define UNUSED	      __attribute__((unused))

struct core_record {
	uint8_t *data; /* NULL: lost */
	size_t len;
};

/* What the database holds of one log, or of one fork of it. */
struct core_log {
	uint64_t log_id;
	struct core_record *record; /* by seq */
	size_t cap;
	uint64_t next, durable; /* received, committed */
	uint64_t lost;		/* records said to be lost for ever */
	bool replaced;		/* a fork of it is the log now */
	uint64_t preset_next;	/* durable before the test: of it only the last CRC is known */
	uint32_t preset_crc;
};

struct fake_core {
	const struct driver *driver;
	void *state;
	struct driver_host host;
	int64_t now_us;
	int64_t armed_us;
	uint64_t host_id;
	/* how it behaves */
	uint32_t window; /* records received and not committed, at most */
	int64_t cursor_delay_us, commit_delay_us;
	bool stalled; /* the disk does not take anything */
	bool read_only;
	int (*send)(void *ctx, const void *data, size_t len); /* to the pen */
	void *send_ctx;
	void (*on_lost)(void *ctx, uint64_t log_id,
			uint64_t end_seq); /* with send_ctx: records below end_seq */
	FILE *trace;
	int64_t trace_zero_us; /* its times count from here */
	/* what there is */
	struct core_log log[CORE_LOGS_MAX];
	size_t n_logs;
	struct core_log *current;
	struct pw_identity identity;
	int64_t cursor_us, commit_us; /* when due, INT64_MAX */
	bool fork_due;
	/* what happened on this connection, or ever */
	bool done;
	int done_error;
	char done_why[128];
	unsigned identities, samples, statuses, forks, timeouts, sent;
	uint64_t live_records, records;
	uint64_t anomalies[ANOMALY_MAX_];
	struct driver_sample last_sample;
	struct pw_status last_status;
};

/* ---- the trace ---- */

UNUSED static void core_trace(struct fake_core *c, const char *format, ...)
{
	va_list ap;

	if (!c->trace)
		return;
	fprintf(c->trace, "%" PRId64 " ", c->now_us - c->trace_zero_us);
	va_start(ap, format);
	vfprintf(c->trace, format, ap);
	va_end(ap);
	fputc('\n', c->trace);
}

UNUSED static const char *core_record_name(uint8_t type)
{
	static const char *const names[] = {
		[PW_REC_BOOT] = "boot",
		[PW_REC_RUN_START] = "run-start",
		[PW_REC_CYCLES] = "cycles",
		[PW_REC_RUN_END] = "run-end",
		[PW_REC_CARTRIDGE_IN] = "cartridge-in",
		[PW_REC_CARTRIDGE_OUT] = "cartridge-out",
		[PW_REC_COUNTERS] = "counters",
		[PW_REC_FAULT] = "fault",
		[PW_REC_BUTTON] = "button",
		[PW_REC_CLOCK] = "clock",
		[PW_REC_MEASURE] = "measure",
	};

	return type < ELEMENTSOF(names) && names[type] ? names[type] : "unknown";
}

UNUSED static void core_trace_sent(struct fake_core *c, const uint8_t *data, size_t len)
{
	uint8_t buf[PW_FRAME_MAX];
	struct pw_decoder d;
	struct pw_frame f;
	struct pw_msg m;
	enum pw_error error;
	bool done;

	if (!c->trace)
		return;
	pw_decoder_init(&d, buf, sizeof(buf));
	assert_int_equal(pw_decoder_push(&d, data, len, &done, &error, &f), len);
	assert_true(done);
	assert_int_equal(error, PW_OK);
	assert_int_equal(pw_msg_decode(f.type, f.payload, f.len, &m), PW_OK);
	switch (m.type) {
	case PW_MSG_HELLO:
		core_trace(c, "send hello %u..%u host=%016" PRIx64, m.hello.version_min,
			   m.hello.version_max, m.hello.host_id);
		break;
	case PW_MSG_READ:
		core_trace(c,
			   "send read id=%u log=%016" PRIx64 " from=%" PRIu64 " limit=%" PRIu64
			   " flush=%u",
			   m.read.read_id, m.read.log_id, m.read.from_seq, m.read.limit_seq,
			   m.read.flush_ms);
		break;
	case PW_MSG_ACK:
		core_trace(c, "send ack log=%016" PRIx64 " next=%" PRIu64 " host=%016" PRIx64,
			   m.ack.log_id, m.ack.next_seq, m.ack.host_id);
		break;
	case PW_MSG_PING:
		core_trace(c, "send ping id=%u host_us=%" PRIu64, m.ping.ping_id, m.ping.host_us);
		break;
	case PW_MSG_IDENTIFY:
		core_trace(c, "send identify ms=%u", m.identify.duration_ms);
		break;
	default:
		fail_msg("the host says %u", m.type);
	}
}

/* ---- the database ---- */

UNUSED static struct core_log *core_new_log(struct fake_core *c, uint64_t log_id)
{
	struct core_log *log;

	assert_true(c->n_logs < CORE_LOGS_MAX);
	log = &c->log[c->n_logs++];
	*log = (struct core_log){.log_id = log_id};
	return log;
}

UNUSED static struct core_log *core_find_log(struct fake_core *c, uint64_t log_id)
{
	for (size_t i = 0; i < c->n_logs; i++)
		if (c->log[i].log_id == log_id && !c->log[i].replaced)
			return &c->log[i];
	return NULL;
}

UNUSED static void core_store(struct core_log *log, uint64_t seq, const uint8_t *data, size_t len)
{
	if (seq >= log->cap) {
		log->cap = MAX(seq + 1, log->cap * 2);
		log->record = realloc(log->record, log->cap * sizeof(*log->record));
		assert_non_null(log->record);
	}
	log->record[seq] = (struct core_record){.len = len};
	if (data) {
		log->record[seq].data = malloc(MAX(len, (size_t)1));
		assert_non_null(log->record[seq].data);
		memcpy(log->record[seq].data, data, len);
	}
}

/* The database holds everything below @next_seq of this log, from before. */
UNUSED static void core_preset(struct fake_core *c, uint64_t log_id, uint64_t next_seq,
			       uint32_t crc)
{
	struct core_log *log = core_new_log(c, log_id);

	assert_true(next_seq > 0);
	for (uint64_t seq = 0; seq < next_seq; seq++)
		core_store(log, seq, NULL, 0);
	log->next = log->durable = log->preset_next = next_seq;
	log->preset_crc = crc;
}

/* Forgets what was not committed, as a killed daemon does. */
UNUSED static void core_lose_uncommitted(struct fake_core *c)
{
	for (size_t i = 0; i < c->n_logs; i++) {
		struct core_log *log = &c->log[i];

		for (uint64_t seq = log->durable; seq < log->next; seq++)
			free(log->record[seq].data);
		log->next = log->durable;
	}
	c->commit_us = c->cursor_us = INT64_MAX;
	c->fork_due = false;
}

/* ---- what the driver orders ---- */

UNUSED static int core_on_send(void *ctx, const void *data, size_t len)
{
	struct fake_core *c = ctx;
	int r;

	assert_false(c->done);
	if (c->read_only)
		return -EROFS;
	r = c->send(c->send_ctx, data, len);
	c->sent += r == 0;
	if (r == 0)
		core_trace_sent(c, data, len);
	return r;
}

UNUSED static void core_on_identity(void *ctx, const struct pw_identity *id)
{
	struct fake_core *c = ctx;
	char serial[PW_TEXT_SIZE + 1], firmware[PW_TEXT_SIZE + 1];

	pw_text_get(id->serial, serial);
	pw_text_get(id->firmware, firmware);
	core_trace(c,
		   "identity serial=%s firmware=%s boot=%u log=%016" PRIx64 " first=%" PRIu64
		   " next=%" PRIu64,
		   serial, firmware, id->boot, id->log_id, id->first_seq, id->next_seq);
	c->identity = *id;
	c->identities++;
	c->cursor_us = c->now_us + c->cursor_delay_us;
	c->fork_due = false;
}

UNUSED static void core_on_records(void *ctx, const struct driver_records *r)
{
	struct fake_core *c = ctx;
	struct core_log *log = c->current;
	struct pw_rec rec;
	size_t at = 0, size;

	assert_non_null(log);
	assert_int_equal(r->log_id, log->log_id);
	assert_true(r->count > 0);
	assert_true(r->count <= c->window - (log->next - log->durable));
	assert_true(r->avail_seq <= r->first_seq);
	core_trace(c, "records log=%016" PRIx64 " first=%" PRIu64 " count=%u avail=%" PRIu64 "%s",
		   r->log_id, r->first_seq, r->count, r->avail_seq, r->live ? " live" : "");
	/* In order; what is missing is told to be lost. */
	assert_true(r->first_seq >= log->next);
	if (r->first_seq > log->next)
		assert_int_equal(r->avail_seq, r->first_seq);
	if (r->first_seq > log->next && c->on_lost)
		c->on_lost(c->send_ctx, r->log_id, r->first_seq);
	for (uint64_t seq = log->next; seq < r->first_seq; seq++, log->lost++)
		core_store(log, seq, NULL, 0);
	for (uint32_t i = 0; i < r->count; i++, at += size) {
		assert_int_equal(pw_rec_next(r->data + at, r->len - at, &rec, &size), PW_OK);
		core_store(log, r->first_seq + i, r->data + at, size);
		core_trace(c, "  %" PRIu64 " %s boot=%u tick=%" PRIu64 " size=%zu crc=%08x",
			   r->first_seq + i, core_record_name(rec.type), rec.boot, rec.tick_us,
			   size, pw_crc32c(0, r->data + at, size));
	}
	assert_int_equal(at, r->len);
	log->next = r->first_seq + r->count;
	c->records += r->count;
	c->live_records += r->live ? r->count : 0;
	if (c->commit_us == INT64_MAX)
		c->commit_us = c->now_us + c->commit_delay_us;
}

UNUSED static uint32_t core_on_credit(void *ctx)
{
	struct fake_core *c = ctx;

	return c->current ? (uint32_t)(c->window - (c->current->next - c->current->durable)) : 0;
}

UNUSED static void core_on_status(void *ctx, const struct pw_status *s)
{
	struct fake_core *c = ctx;

	core_trace(c,
		   "status tick=%" PRIu64 " boot=%u flags=%x battery=%u read=%u first=%" PRIu64
		   " next=%" PRIu64 " sent=%" PRIu64,
		   s->tick_us, s->boot, s->flags, s->battery_percent, s->read_id, s->first_seq,
		   s->next_seq, s->sent_seq);
	c->last_status = *s;
	c->statuses++;
}

UNUSED static void core_on_sample(void *ctx, const struct driver_sample *s)
{
	struct fake_core *c = ctx;

	core_trace(c, "sample boot=%u tick=%" PRIu64 " sent=%" PRId64 " received=%" PRId64, s->boot,
		   s->tick_us, s->sent_us, s->received_us);
	assert_true(s->sent_us <= s->received_us);
	c->last_sample = *s;
	c->samples++;
}

UNUSED static void core_on_diverged(void *ctx, uint64_t seq, uint32_t expected, uint32_t found)
{
	struct fake_core *c = ctx;

	core_trace(c, "diverged at=%" PRIu64 " expected=%08x found=%08x", seq, expected, found);
	c->forks++;
	c->fork_due = true;
	c->cursor_us = c->now_us + c->cursor_delay_us;
}

UNUSED static void core_on_arm(void *ctx, int64_t at_us)
{
	struct fake_core *c = ctx;

	c->armed_us = at_us;
}

UNUSED static void core_on_anomaly(void *ctx, enum driver_anomaly kind, uint32_t count,
				   const char *detail)
{
	struct fake_core *c = ctx;

	assert_true(count > 0);
	core_trace(c, "anomaly %s %u (%s)", driver_anomaly_name(kind), count, detail);
	c->anomalies[kind] += count;
}

UNUSED static void core_on_done(void *ctx, int error, const char *why)
{
	struct fake_core *c = ctx;

	assert_false(c->done);
	core_trace(c, "done %s: %s", strerrorname_np(-error), why);
	c->done = true;
	c->done_error = error;
	snprintf(c->done_why, sizeof(c->done_why), "%s", why);
}

static const struct driver_host_ops core_ops UNUSED = {
	.send = core_on_send,
	.identity = core_on_identity,
	.records = core_on_records,
	.credit = core_on_credit,
	.status = core_on_status,
	.sample = core_on_sample,
	.diverged = core_on_diverged,
	.arm = core_on_arm,
	.anomaly = core_on_anomaly,
	.done = core_on_done,
};

/* ---- life ---- */

UNUSED static void core_init(struct fake_core *c, const struct driver *driver, uint64_t host_id)
{
	*c = (struct fake_core){
		.driver = driver,
		.host = {.ops = &core_ops,
			 .ctx = c,
			 .host_id = host_id,
			 .serial = driver->nameless ? "FAKE-0001" : NULL},
		.host_id = host_id,
		.window = 409,
		.cursor_delay_us = 2000,
		.commit_delay_us = 20000,
		.armed_us = INT64_MAX,
		.cursor_us = INT64_MAX,
		.commit_us = INT64_MAX,
	};
}

UNUSED static void core_start(struct fake_core *c)
{
	assert_null(c->state);
	c->state = calloc(1, c->driver->state_size);
	assert_non_null(c->state);
	c->done = false;
	c->armed_us = INT64_MAX;
	c->current = NULL;
	assert_int_equal(c->driver->start(c->state, &c->host, c->now_us), 0);
}

/* The port goes. What was received is committed all the same, unless core_lose_uncommitted()
 * follows. */
UNUSED static void core_stop(struct fake_core *c)
{
	if (!c->state)
		return;
	c->driver->closed(c->state, c->now_us);
	free(c->state);
	c->state = NULL;
	c->armed_us = c->cursor_us = INT64_MAX;
	c->fork_due = false;
}

UNUSED static void core_done(struct fake_core *c)
{
	core_stop(c);
	for (size_t i = 0; i < c->n_logs; i++) {
		for (uint64_t seq = 0; seq < c->log[i].next; seq++)
			free(c->log[i].record[seq].data);
		free(c->log[i].record);
	}
	c->n_logs = 0;
}

UNUSED static void core_commit(struct fake_core *c)
{
	c->commit_us = INT64_MAX;
	for (size_t i = 0; i < c->n_logs; i++)
		c->log[i].durable = c->log[i].next;
	if (c->state && c->current) {
		core_trace(c, "committed next=%" PRIu64, c->current->durable);
		c->driver->committed(c->state, c->current->durable, c->now_us);
	}
}

UNUSED static void core_answer(struct fake_core *c)
{
	struct driver_cursor cursor = {.log_id = c->identity.log_id, .host_id = c->host_id};
	struct core_log *log;

	/* The database does things in order: what was received first, is committed first. */
	if (c->commit_us != INT64_MAX)
		core_commit(c);
	c->cursor_us = INT64_MAX;
	log = core_find_log(c, cursor.log_id);
	if (log && c->fork_due) {
		log->replaced = true;
		log = NULL;
	}
	c->fork_due = false;
	c->current = log ? log : core_new_log(c, cursor.log_id);
	cursor.next_seq = c->current->durable;
	cursor.have_crc = cursor.next_seq > 0;
	if (cursor.have_crc && cursor.next_seq == c->current->preset_next) {
		cursor.crc = c->current->preset_crc;
	} else if (cursor.have_crc) {
		struct core_record *last = &c->current->record[cursor.next_seq - 1];

		assert_non_null(last->data);
		cursor.crc = pw_rec_crc(cursor.next_seq - 1, last->data, last->len);
	}
	core_trace(c, "cursor next=%" PRIu64 " crc=%08x", cursor.next_seq, cursor.crc);
	c->driver->cursor(c->state, &cursor, c->now_us);
}

/* When core_run() has something to do. */
UNUSED static int64_t core_next_us(const struct fake_core *c)
{
	int64_t at = c->state && !c->done ? c->armed_us : INT64_MAX;

	if (c->stalled)
		return at;
	at = MIN(at, c->commit_us);
	return c->state ? MIN(at, c->cursor_us) : at;
}

/* Does what is due at now_us: commits, cursors, then the driver's timer. */
UNUSED static void core_run(struct fake_core *c)
{
	if (!c->stalled && c->commit_us <= c->now_us)
		core_commit(c);
	if (!c->stalled && c->state && c->cursor_us <= c->now_us && !c->done)
		core_answer(c);
	if (c->state && !c->done && c->armed_us <= c->now_us) {
		c->armed_us = INT64_MAX;
		c->timeouts++;
		c->driver->timeout(c->state, c->now_us);
	}
}

UNUSED static void core_bytes(struct fake_core *c, const uint8_t *data, size_t len)
{
	if (c->state && !c->done)
		c->driver->bytes(c->state, data, len, c->now_us);
}

#endif
