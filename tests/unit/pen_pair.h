/* SPDX-License-Identifier: MIT */
/*
 * A pen (the real pen side of proto/) and one or two hosts (the real driver on a core in memory)
 * with a cable between them, in one thread and in made-up time: everything that happens follows
 * from the seed. The cable loses, doubles and flips bytes, stalls and is pulled; the pen restarts,
 * is formatted, and falls back to an older state of its flash; hosts are killed.
 *
 * What the pen ever wrote is kept beside it as the truth that hosts are compared with.
 */
#ifndef TESTS_PEN_PAIR_H
#define TESTS_PEN_PAIR_H

#include "fake_core.h"
#include "pw_pen.h"

#define PAIR_PAGE      1024u
#define PAIR_PAGES_MAX 256u
#define PAIR_ERAS_MAX  16
#define PAIR_CHUNKS    4096
#define PAIR_CHUNK     512

/* The log from a format, or from a fall back to an older flash, to the next one. */
struct pair_era {
	uint64_t log_id;
	uint64_t first_seq; /* of the ring, at its highest */
	struct core_log truth;
};

/* One direction of the cable. */
struct pair_pipe {
	struct {
		uint8_t data[PAIR_CHUNK];
		size_t len;
		int64_t at_us;
	} chunk[PAIR_CHUNKS];
	size_t first, count;
};

struct pair {
	uint64_t random;
	int64_t now_us;
	/* the pen */
	struct pw_pen pen;
	struct pw_store store;
	uint8_t flash[PAIR_PAGES_MAX * PAIR_PAGE];
	uint8_t old_flash[PAIR_PAGES_MAX * PAIR_PAGE];
	uint64_t old_next;
	bool have_old;
	int64_t booted_us;
	struct pair_era era[PAIR_ERAS_MAX];
	size_t n_eras;
	bool powered;
	/* the machine */
	bool busy;	    /* makes runs */
	int64_t machine_us; /* next cycle, start or end */
	unsigned cycles_left;
	/* the cable */
	struct pair_pipe to_pen, to_host;
	bool plugged;
	int64_t stalled_until_us;
	unsigned bytes_per_ms;
	int64_t free_us;    /* when the pen may send more */
	uint32_t noise_ppm; /* of bytes */
	uint32_t drop_ppm;  /* of chunks */
	uint32_t full_ppm;  /* of sends that find no room */
	bool whole;	    /* chunks are not split */
	/* the hosts */
	struct fake_core host[2];
	struct fake_core *connected;
	void (*on_chunk)(void *ctx, bool to_pen, const uint8_t *data, size_t len);
	void *ctx;
};

/* ---- chance ---- */

UNUSED static uint64_t pair_random(struct pair *p)
{
	uint64_t z = (p->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

UNUSED static uint64_t pair_below(struct pair *p, uint64_t n)
{
	return pair_random(p) % n;
}

UNUSED static bool pair_chance(struct pair *p, uint32_t ppm)
{
	return ppm > 0 && pair_below(p, 1000000) < ppm;
}

/* ---- the pen's flash ---- */

static int pair_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	struct pair *p = ctx;

	memcpy(buf, p->flash + page * PAIR_PAGE + offset, len);
	return 0;
}

static int pair_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	struct pair *p = ctx;

	memcpy(p->flash + page * PAIR_PAGE + offset, buf, len);
	return 0;
}

static int pair_erase(void *ctx, uint32_t page)
{
	struct pair *p = ctx;

	memset(p->flash + page * PAIR_PAGE, 0xff, PAIR_PAGE);
	return 0;
}

UNUSED static uint64_t pair_tick(const struct pair *p)
{
	return (uint64_t)(p->now_us - p->booted_us);
}

/* Copies what the pen has written since the last call into the truth. */
static void pair_capture(struct pair *p)
{
	struct core_log *truth = &p->era[p->n_eras - 1].truth;
	uint8_t record[PW_REC_MAX];
	size_t size;

	while (truth->next < p->pen.log.next_seq) {
		assert_int_equal(
			pw_log_read(&p->pen.log, truth->next, record, sizeof(record), &size),
			PW_OK);
		core_store(truth, truth->next, record, size);
		truth->next++;
	}
	if (p->pen.log.first_seq > p->era[p->n_eras - 1].first_seq)
		p->era[p->n_eras - 1].first_seq = p->pen.log.first_seq;
}

static void pair_new_era(struct pair *p, uint64_t log_id)
{
	assert_true(p->n_eras < PAIR_ERAS_MAX);
	p->era[p->n_eras++] = (struct pair_era){.log_id = log_id, .truth = {.log_id = log_id}};
}

/* Power up. A new log if there is none in the flash. */
UNUSED static void pair_boot(struct pair *p, uint8_t reason)
{
	memset(&p->pen, 0, sizeof(p->pen));
	p->pen.identity.depth_source = PW_DEPTH_SENSOR;
	p->pen.identity.depth_uncertainty_um = 50;
	p->pen.identity.depth_resolution_um = 10;
	p->pen.identity.stroke_um = 3500;
	p->pen.identity.capabilities = PW_CAP_IDENTIFY | PW_CAP_BUTTON;
	pw_text_put(p->pen.identity.manufacturer, "Example Pens");
	pw_text_put(p->pen.identity.model, "Paired One");
	pw_text_put(p->pen.identity.serial, "PAIR-0001");
	pw_text_put(p->pen.identity.firmware, "0.0-test");
	/* Never quite the same time: two boot records that are alike would hide that the log fell
	 * back. */
	p->booted_us = p->now_us - (int64_t)pair_below(p, 5000);
	p->powered = true;
	p->cycles_left = 0;
	p->machine_us = p->now_us + 50000;
	assert_int_equal(pw_pen_start(&p->pen, &p->store, pair_random(p) | 1, reason, pair_tick(p)),
			 PW_OK);
	if (p->n_eras == 0 || p->era[p->n_eras - 1].log_id != p->pen.log.log_id)
		pair_new_era(p, p->pen.log.log_id);
	pair_capture(p);
}

/* Keeps the flash as it is, to fall back to. */
UNUSED static void pair_keep_flash(struct pair *p)
{
	memcpy(p->old_flash, p->flash, sizeof(p->flash));
	p->old_next = p->pen.log.next_seq;
	p->have_old = true;
}

UNUSED static void pair_fall_back(struct pair *p)
{
	struct core_log *before = &p->era[p->n_eras - 1].truth, *after;

	/* Kept from another log: that would be a format. */
	if (!p->have_old)
		return;
	memcpy(p->flash, p->old_flash, sizeof(p->flash));
	p->have_old = false;
	pair_new_era(p, before->log_id);
	after = &p->era[p->n_eras - 1].truth;
	for (uint64_t seq = 0; seq < p->old_next; seq++, after->next++)
		core_store(after, seq, before->record[seq].data, before->record[seq].len);
	pair_boot(p, PW_BOOT_POWER);
}

UNUSED static void pair_format(struct pair *p)
{
	memset(p->flash, 0xff, sizeof(p->flash));
	p->have_old = false;
	pair_boot(p, PW_BOOT_UPDATE);
}

/* ---- the machine ---- */

/* The next thing that the machine does: a cycle, a run's start or end, now and then something else.
 */
static void pair_machine(struct pair *p)
{
	struct pw_pen *pen = &p->pen;
	uint64_t tick = pair_tick(p);
	uint32_t period = 8000 + (uint32_t)pair_below(p, 800);
	enum pw_error error = PW_OK;

	if (p->cycles_left > 0) {
		error = pw_pen_cycle(pen, tick, pair_chance(p, 2000) ? PW_PERIOD_UNKNOWN : period,
				     (uint16_t)(400 + pair_below(p, 60)));
		p->machine_us += period;
		if (--p->cycles_left == 0)
			error = error ? error : pw_pen_run_end(pen, tick + period, PW_END_OFF);
	} else {
		switch (pair_below(p, 8)) {
		case 0:
			error = pw_pen_button(pen, tick, 0, PW_BUTTON_PRESS);
			break;
		case 1:
			error = pw_pen_counters(pen, tick, tick / 10, tick / 2, 32);
			break;
		case 2:
			error = pw_pen_cartridge(pen, tick, true, "CART-0001", "0603RL");
			break;
		default:
			error = pw_pen_run_start(pen, tick, 7500, 450);
			p->cycles_left = 1 + (unsigned)pair_below(p, 600);
			break;
		}
		p->machine_us += 20000 + (int64_t)pair_below(p, 400000);
	}
	assert_int_equal(error, PW_OK);
	pair_capture(p);
}

/* Work that was done before anybody was connected. */
UNUSED static void pair_work(struct pair *p, uint64_t records)
{
	uint64_t end = p->pen.log.next_seq + records;

	while (p->pen.log.next_seq < end) {
		p->now_us = MAX(p->now_us, p->machine_us);
		pair_machine(p);
	}
}

/* ---- the cable ---- */

static void pipe_clear(struct pair_pipe *pipe)
{
	pipe->first = pipe->count = 0;
}

static void pipe_put(struct pair *p, struct pair_pipe *pipe, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t at = (pipe->first + pipe->count) % PAIR_CHUNKS;
		size_t part = MIN(len, (size_t)PAIR_CHUNK);

		if (!p->whole && pair_chance(p, 300000))
			part = 1 + pair_below(p, part);
		assert_true(pipe->count < PAIR_CHUNKS);
		if (!pair_chance(p, p->drop_ppm)) {
			memcpy(pipe->chunk[at].data, data, part);
			pipe->chunk[at].len = part;
			pipe->chunk[at].at_us = p->now_us + 1000;
			pipe->count++;
		}
		data += part;
		len -= part;
	}
}

/* What arrives of a chunk. */
static size_t pipe_spoil(struct pair *p, const uint8_t *data, size_t len, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!pair_chance(p, p->noise_ppm)) {
			out[n++] = data[i];
			continue;
		}
		switch (pair_below(p, 4)) {
		case 0: /* lost */
			break;
		case 1: /* doubled */
			out[n++] = data[i];
			out[n++] = data[i];
			break;
		case 2: /* a byte from nowhere */
			out[n++] = (uint8_t)pair_random(p);
			out[n++] = data[i];
			break;
		default:
			out[n++] = data[i] ^ (uint8_t)(1u << pair_below(p, 8));
			break;
		}
	}
	return n;
}

static int pair_on_send(void *ctx, const void *data, size_t len)
{
	struct pair *p = ctx;

	if (!p->plugged)
		return -ENODEV;
	if (pair_chance(p, p->full_ppm))
		return -ENOBUFS;
	if (p->on_chunk)
		p->on_chunk(p->ctx, true, data, len);
	pipe_put(p, &p->to_pen, data, len);
	return 0;
}

/* Nothing may be called lost that the ring did not overwrite. */
static bool pair_overwrote(const struct pair *p, uint64_t log_id, uint64_t end_seq)
{
	for (size_t i = 0; i < p->n_eras; i++)
		if (p->era[i].log_id == log_id && p->era[i].first_seq >= end_seq)
			return true;
	return false;
}

static void pair_on_lost(void *ctx, uint64_t log_id, uint64_t end_seq)
{
	assert_true(pair_overwrote(ctx, log_id, end_seq));
}

static void pair_deliver(struct pair *p, struct pair_pipe *pipe, bool to_pen)
{
	uint8_t bytes[2 * PAIR_CHUNK];
	size_t len;

	while (pipe->count > 0 && pipe->chunk[pipe->first].at_us <= p->now_us) {
		len = pipe_spoil(p, pipe->chunk[pipe->first].data, pipe->chunk[pipe->first].len,
				 bytes);
		pipe->first = (pipe->first + 1) % PAIR_CHUNKS;
		pipe->count--;
		if (len == 0)
			continue;
		if (to_pen) {
			if (p->powered)
				pw_pen_input(&p->pen, bytes, len, pair_tick(p));
		} else if (p->connected) {
			if (p->on_chunk)
				p->on_chunk(p->ctx, false, bytes, len);
			core_bytes(p->connected, bytes, len);
		}
	}
}

static void pair_pen_output(struct pair *p)
{
	uint8_t out[PAIR_CHUNK];
	size_t n;

	while (p->free_us <= p->now_us && p->to_host.count < PAIR_CHUNKS / 2) {
		n = pw_pen_output(&p->pen, out, sizeof(out), pair_tick(p));
		pair_capture(p);
		if (n == 0)
			break;
		pipe_put(p, &p->to_host, out, n);
		p->free_us =
			MAX(p->free_us, p->now_us - 1000) + (int64_t)(n * 1000 / p->bytes_per_ms);
	}
}

UNUSED static void pair_unplug(struct pair *p)
{
	if (!p->plugged)
		return;
	p->plugged = false;
	pipe_clear(&p->to_pen);
	pipe_clear(&p->to_host);
	pw_pen_disconnected(&p->pen);
	if (p->connected)
		core_stop(p->connected);
	p->connected = NULL;
}

UNUSED static void pair_plug(struct pair *p, struct fake_core *host)
{
	assert_false(p->plugged);
	p->plugged = true;
	p->connected = host;
	p->free_us = p->now_us;
	host->now_us = p->now_us;
	core_start(host);
}

/* The daemon is killed and started again; the cable stays. */
UNUSED static void pair_kill(struct pair *p)
{
	struct fake_core *host = p->connected;

	if (!host)
		return;
	core_stop(host);
	core_lose_uncommitted(host);
	pipe_clear(&p->to_pen);
	core_start(host);
}

/* ---- time ---- */

static int64_t pair_next_us(struct pair *p, int64_t end_us)
{
	int64_t at = end_us, pen;
	uint64_t tick;

	for (size_t i = 0; i < ELEMENTSOF(p->host); i++) {
		pen = core_next_us(&p->host[i]);
		at = MIN(at, pen);
	}
	if (p->busy && p->powered)
		at = MIN(at, p->machine_us);
	if (p->plugged) {
		int64_t cable = MAX(p->stalled_until_us, INT64_C(0));

		if (p->to_pen.count > 0)
			at = MIN(at, MAX(p->to_pen.chunk[p->to_pen.first].at_us, cable));
		if (p->to_host.count > 0)
			at = MIN(at, MAX(p->to_host.chunk[p->to_host.first].at_us, cable));
		tick = p->powered ? pw_pen_next_us(&p->pen, pair_tick(p)) : UINT64_MAX;
		if (tick != UINT64_MAX && p->to_host.count < PAIR_CHUNKS / 2) {
			pen = MAX(p->booted_us + (int64_t)tick, p->free_us);
			at = MIN(at, pen);
		}
	}
	return MAX(at, p->now_us);
}

/* Lets time go by until @end_us. */
UNUSED static void pair_run(struct pair *p, int64_t end_us)
{
	unsigned idle = 0;
	int64_t at;

	while (p->now_us < end_us) {
		at = pair_next_us(p, end_us);
		/* Nobody may want to be called again and again at the same time. */
		idle = at == p->now_us ? idle + 1 : 0;
		assert_true(idle < 10000);
		p->now_us = at;
		for (size_t i = 0; i < ELEMENTSOF(p->host); i++)
			p->host[i].now_us = at;
		while (p->busy && p->powered && p->machine_us <= p->now_us)
			pair_machine(p);
		if (p->plugged && p->now_us >= p->stalled_until_us) {
			pair_deliver(p, &p->to_pen, true);
			pair_deliver(p, &p->to_host, false);
		}
		if (p->plugged && p->powered)
			pair_pen_output(p);
		for (size_t i = 0; i < ELEMENTSOF(p->host); i++)
			core_run(&p->host[i]);
		/* A port that was given up is opened again, as the core does. */
		if (p->connected && p->connected->done) {
			struct fake_core *host = p->connected;

			core_stop(host);
			core_start(host);
		}
	}
}

/* Runs until @host holds durably all that the pen has, at most @limit_us. */
UNUSED static bool pair_drain(struct pair *p, struct fake_core *host, int64_t limit_us)
{
	int64_t end_us = p->now_us + limit_us;

	while (p->now_us < end_us) {
		struct core_log *log = core_find_log(host, p->pen.log.log_id);

		if (log && log == host->current && log->durable == p->pen.log.next_seq)
			return true;
		pair_run(p, p->now_us + 20000);
	}
	return false;
}

/* ---- life ---- */

UNUSED static struct pair *pair_new(uint64_t seed, uint32_t pages)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_true(pages <= PAIR_PAGES_MAX);
	p->random = seed;
	p->now_us = 1000000;
	p->bytes_per_ms = 200;
	p->store = (struct pw_store){.ctx = p,
				     .page_size = PAIR_PAGE,
				     .pages = pages,
				     .align = 4,
				     .read = pair_read,
				     .program = pair_program,
				     .erase = pair_erase};
	memset(p->flash, 0xff, sizeof(p->flash));
	for (size_t i = 0; i < ELEMENTSOF(p->host); i++) {
		core_init(&p->host[i], driver_find("penwire"),
			  UINT64_C(0x1111111111111111) * (i + 1));
		p->host[i].send = pair_on_send;
		p->host[i].send_ctx = p;
		p->host[i].on_lost = pair_on_lost;
		p->host[i].now_us = p->now_us;
	}
	pair_boot(p, PW_BOOT_POWER);
	return p;
}

UNUSED static void pair_free(struct pair *p)
{
	for (size_t i = 0; i < ELEMENTSOF(p->host); i++)
		core_done(&p->host[i]);
	for (size_t i = 0; i < p->n_eras; i++) {
		struct core_log *truth = &p->era[i].truth;

		for (uint64_t seq = 0; seq < truth->next; seq++)
			free(truth->record[seq].data);
		free(truth->record);
	}
	free(p);
}

/* ---- the truth ---- */

static bool pair_same(const struct core_log *log, const struct core_log *truth, uint64_t seq)
{
	const struct core_record *a = &log->record[seq], *b = &truth->record[seq];

	return seq < truth->next &&
	       (!a->data || (a->len == b->len && memcmp(a->data, b->data, a->len) == 0));
}

/* Whether some era of the log has this record so. */
static bool pair_ever(const struct pair *p, const struct core_log *log, uint64_t seq)
{
	for (size_t i = 0; i < p->n_eras; i++)
		if (p->era[i].log_id == log->log_id && pair_same(log, &p->era[i].truth, seq))
			return true;
	return false;
}

/*
 * The log that @host has of the pen is whole and, as far as the pen still has it, the pen's. Before
 * that, and in logs that were replaced, there is nothing but what the pen wrote at some time: that
 * a log fell back to an older state is seen by comparing the record before the cursor, which the
 * ring may have overwritten.
 */
UNUSED static void pair_compare(struct pair *p, struct fake_core *host)
{
	struct core_log *now = core_find_log(host, p->pen.log.log_id);

	assert_non_null(now);
	assert_int_equal(now->durable, p->pen.log.next_seq);
	for (uint64_t seq = MAX(p->pen.log.first_seq, now->preset_next); seq < now->next; seq++) {
		if (!pair_same(now, &p->era[p->n_eras - 1].truth, seq))
			fail_msg("host %d: record %" PRIu64 " is not the pen's",
				 (int)(host - p->host), seq);
		/* One that was overwritten can come back when the flash falls back. */
		if (!now->record[seq].data && !pair_overwrote(p, now->log_id, seq + 1))
			fail_msg("host %d: record %" PRIu64 " is missing", (int)(host - p->host),
				 seq);
	}
	for (size_t i = 0; i < host->n_logs; i++)
		for (uint64_t seq = 0; seq < host->log[i].next; seq++)
			if (!pair_ever(p, &host->log[i], seq))
				fail_msg("host %d: record %" PRIu64
					 " of log %zu was never the pen's",
					 (int)(host - p->host), seq, i);
}

#endif
