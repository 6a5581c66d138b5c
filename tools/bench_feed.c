/* SPDX-License-Identifier: MIT */
/* A pen whose frames were made beforehand: it only answers, copies and counts. */
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <termios.h>

#include "bench.h"
#include "pw_cycles.h"
#include "pw_msg.h"
#include "pw_rec.h"

#define FEED_BOOT 1u

void bench_cycle(struct pensim_physics *physics, uint32_t *ret_period_us, uint16_t *ret_depth_um)
{
	if (physics->at == physics->have)
		pensim_physics_fill(physics);
	*ret_period_us = physics->period[physics->at];
	*ret_depth_um = physics->depth[physics->at++];
}

static uint64_t feed_tick(const struct feed *f)
{
	return (uint64_t)((bench_now() - f->epoch) * 1e6);
}

/* ---- making the log ---- */

struct packer {
	struct feed *feed;
	uint8_t payload[PW_PAYLOAD_MAX];
	uint8_t data[PW_PAYLOAD_MAX - PW_RECORDS_HEAD];
	size_t len;
	uint16_t count;
	uint64_t first_seq;
};

static int packer_flush(struct packer *p)
{
	struct feed *f = p->feed;
	struct pw_msg msg = {.type = PW_MSG_RECORDS};
	size_t len, wire;

	if (p->count == 0)
		return 0;
	msg.records = (struct pw_records){
		.read_id = 1,
		.count = p->count,
		.first_seq = p->first_seq,
		.data = p->data,
		.len = p->len,
	};
	if (pw_msg_encode(&msg, p->payload, sizeof(p->payload), &len) != PW_OK)
		return -EINVAL;
	if (f->wire_cap - f->wire_len < PW_WIRE_MAX) {
		f->wire_cap = MAX(f->wire_cap * 2, (size_t)1 << 20);
		uint8_t *wider = realloc(f->wire, f->wire_cap);
		if (!wider)
			return -ENOMEM;
		f->wire = wider;
	}
	if (f->n_marks == f->marks_cap) {
		f->marks_cap = MAX(f->marks_cap * 2, (size_t)4096);
		struct feed_mark *more = realloc(f->mark, f->marks_cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		f->mark = more;
	}
	if (pw_frame_encode(PW_MSG_RECORDS, f->number++, p->payload, len, f->wire + f->wire_len,
			    f->wire_cap - f->wire_len, &wire) != PW_OK)
		return -EINVAL;
	f->wire_len += wire;
	p->first_seq += p->count;
	f->mark[f->n_marks++] = (struct feed_mark){.next_seq = p->first_seq, .end = f->wire_len};
	p->count = 0;
	p->len = 0;
	return 0;
}

static int packer_add(struct packer *p, const struct pw_rec *rec, const union pw_rec_body *body)
{
	uint8_t record[PW_REC_MAX];
	size_t size;

	if (pw_rec_encode(rec, body, record, sizeof(record), &size) != PW_OK)
		return -EINVAL;
	if (p->len + size > sizeof(p->data)) {
		int r = packer_flush(p);
		if (r < 0)
			return r;
	}
	memcpy(p->data + p->len, record, size);
	p->len += size;
	p->count++;
	p->feed->next_seq++;
	p->feed->record_bytes += size;
	return 0;
}

struct open_run {
	struct pw_rec_run_end end;
	uint64_t started_us;
	uint32_t period[PW_CYCLES_REC_MAX];
	uint16_t depth[PW_CYCLES_REC_MAX];
	uint32_t fill;
	uint64_t fill_tick_us;
};

static int run_flush(struct packer *p, struct open_run *run)
{
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_REC_MAX)];
	struct pw_rec rec = {
		.type = PW_REC_CYCLES, .boot = FEED_BOOT, .tick_us = run->fill_tick_us};
	union pw_rec_body body;
	size_t len;

	if (run->fill == 0)
		return 0;
	if (pw_cycles_encode(run->period, run->depth, run->fill, block, sizeof(block), &len) !=
	    PW_OK)
		return -EINVAL;
	body.cycles = (struct pw_rec_cycles){
		.run = run->end.run,
		.index = run->end.cycles - run->fill,
		.block = block,
		.len = len,
	};
	run->fill = 0;
	return packer_add(p, &rec, &body);
}

/* One motor run of @cycles from @tick_us on; returns the tick of its end in *tick_us. */
static int make_run(struct packer *p, struct pensim_physics *physics, uint32_t cycles,
		    uint64_t *tick_us)
{
	struct open_run run = {.end = {.run = (uint32_t)++p->feed->runs}, .started_us = *tick_us};
	struct pw_rec rec = {.type = PW_REC_RUN_START, .boot = FEED_BOOT, .tick_us = *tick_us};
	union pw_rec_body body = {
		.run_start = {.run = run.end.run, .voltage_mv = 7500, .depth_um = PW_UNKNOWN_U16},
	};
	int r = packer_add(p, &rec, &body);

	pensim_physics_run(physics);
	for (uint32_t i = 0; i < cycles && r == 0; i++) {
		uint32_t period;
		uint16_t depth;
		bench_cycle(physics, &period, &depth);
		if (run.fill == 0)
			run.fill_tick_us = *tick_us;
		run.period[run.fill] = period;
		run.depth[run.fill++] = depth;
		run.end.cycles++;
		run.end.period_sum_us += period;
		if (depth != PW_DEPTH_UNKNOWN) {
			run.end.depth_count++;
			run.end.depth_sum_um += depth;
		}
		*tick_us += period;
		if (run.fill == PW_CYCLES_REC_MAX)
			r = run_flush(p, &run);
	}
	if (r == 0)
		r = run_flush(p, &run);
	if (r < 0)
		return r;
	run.end.on_time_us = *tick_us - run.started_us;
	rec = (struct pw_rec){.type = PW_REC_RUN_END, .boot = FEED_BOOT, .tick_us = *tick_us};
	body.run_end = run.end;
	p->feed->cycles += run.end.cycles;
	return packer_add(p, &rec, &body);
}

/* Bursts of a second to a minute until the hours' worth of cycles at 120 Hz is there: a docked
 * pen's day. */
static int make_log(struct feed *f, unsigned hours, uint64_t seed)
{
	struct packer *p = calloc(1, sizeof(*p));
	struct pw_rec rec = {.type = PW_REC_BOOT, .boot = FEED_BOOT};
	union pw_rec_body body = {.boot = {.reason = PW_BOOT_POWER}};
	uint64_t wanted = (uint64_t)hours * 3600 * 120, tick = 0, state = seed;
	struct pensim_physics physics;

	if (!p)
		return -ENOMEM;
	p->feed = f;
	pensim_physics_init(&physics, &pensim_models[0], seed, 0, 0);
	pensim_physics_session(&physics);
	int r = packer_add(p, &rec, &body);
	while (r == 0 && f->cycles < wanted) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint32_t cycles = 120 + (uint32_t)((state >> 33) % (120 * 59));
		r = make_run(p, &physics, (uint32_t)MIN(cycles, wanted - f->cycles), &tick);
		tick += 4 * UINT64_C(1000000);
	}
	if (r == 0)
		r = packer_flush(p);
	free(p);
	return r;
}

int feed_new(struct feed *f, const char *directory, unsigned number, unsigned hours, uint64_t seed)
{
	char link[128], name[64];
	struct termios raw;

	*f = (struct feed){.master = -EBADF, .slave = -EBADF, .log_id = seed * 1000 + number + 1};
	snprintf(f->serial, sizeof(f->serial), "BENCH-%04u", number);
	if (openpty(&f->master, &f->slave, name, NULL, NULL) < 0)
		return -errno;
	/* The slave stays open here, so that the master never sees a hang-up between two daemons.
	 */
	tcgetattr(f->slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(f->slave, TCSANOW, &raw);
	if (fcntl(f->master, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	snprintf(f->path, sizeof(f->path), "%s", name);
	snprintf(link, sizeof(link), "%.100s/pen%u", directory, number);
	unlink(link);
	if (symlink(name, link) < 0)
		return -errno;
	pw_decoder_init(&f->decoder, f->rx, sizeof(f->rx));
	f->epoch = bench_now() - 60;
	return make_log(f, hours, seed * 7919 + number);
}

void feed_done(struct feed *f)
{
	f->master = safe_close(f->master);
	f->slave = safe_close(f->slave);
	free(f->wire);
	free(f->mark);
	f->wire = NULL;
	f->mark = NULL;
}

/* ---- serving it ---- */

static void feed_queue(struct feed *f, const struct pw_msg *msg)
{
	uint8_t payload[PW_PAYLOAD_MAX];
	size_t len, wire;

	if (pw_msg_encode(msg, payload, sizeof(payload), &len) == PW_OK &&
	    pw_frame_encode(msg->type, f->number++, payload, len, f->out + f->out_len,
			    sizeof(f->out) - f->out_len, &wire) == PW_OK)
		f->out_len += wire;
}

/* The record behind the last whole frame that was written. */
static uint64_t feed_sent(struct feed *f)
{
	while (f->sent_marks < f->n_marks && f->mark[f->sent_marks].end <= f->at)
		f->sent_marks++;
	return f->sent_marks ? f->mark[f->sent_marks - 1].next_seq : 0;
}

static void feed_status(struct feed *f)
{
	struct pw_msg msg = {.type = PW_MSG_STATUS};

	msg.status = (struct pw_status){
		.tick_us = feed_tick(f),
		.boot = FEED_BOOT,
		.flags = f->live_run ? PW_STATUS_RUNNING : 0,
		.battery_percent = 80,
		.motor_mv = 7500,
		.motor_ma = 420,
		.temperature_cc = 3100,
		.read_id = f->read_id,
		.next_seq = f->next_seq,
		.sent_seq = feed_sent(f),
	};
	f->status_seq = msg.status.sent_seq;
	f->status_at = bench_now();
	feed_queue(f, &msg);
}

static void feed_answer(struct feed *f, const struct pw_msg *in)
{
	struct pw_msg msg = {0};

	switch (in->type) {
	case PW_MSG_HELLO:
		msg.type = PW_MSG_IDENTITY;
		msg.identity = (struct pw_identity){
			.version = PW_VERSION,
			.version_min = PW_VERSION,
			.version_max = PW_VERSION,
			.depth_source = PW_DEPTH_SENSOR,
			.depth_uncertainty_um = 50,
			.depth_resolution_um = 1,
			.stroke_um = 3500,
			.capabilities = PW_CAP_BATTERY,
			.boot = FEED_BOOT,
			.tick_us = feed_tick(f),
			.log_id = f->log_id,
			.next_seq = f->next_seq,
		};
		pw_text_put(msg.identity.manufacturer, "Example Pens");
		pw_text_put(msg.identity.model, "Bench");
		pw_text_put(msg.identity.serial, f->serial);
		pw_text_put(msg.identity.firmware, "1.0");
		f->reading = false;
		feed_queue(f, &msg);
		break;
	case PW_MSG_PING:
		msg.type = PW_MSG_PONG;
		msg.pong = (struct pw_pong){
			.ping_id = in->ping.ping_id,
			.host_us = in->ping.host_us,
			.tick_us = feed_tick(f),
			.boot = FEED_BOOT,
		};
		msg.pong.sent_us = msg.pong.tick_us;
		feed_queue(f, &msg);
		if (f->reading)
			feed_status(f);
		break;
	case PW_MSG_READ:
		f->reading = true;
		f->read_id = in->read.read_id;
		f->limit_seq = in->read.limit_seq;
		feed_status(f);
		break;
	case PW_MSG_ACK:
		f->acked_seq = in->ack.next_seq;
		break;
	default:
		break;
	}
}

static void feed_read(struct feed *f)
{
	uint8_t data[4096];
	ssize_t n;

	while ((n = read(f->master, data, sizeof(data))) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			struct pw_frame frame;
			struct pw_msg msg;
			enum pw_error error;
			bool done;
			at += pw_decoder_push(&f->decoder, data + at, (size_t)n - at, &done, &error,
					      &frame);
			if (done && error == PW_OK &&
			    pw_msg_decode(frame.type, frame.payload, frame.len, &msg) == PW_OK)
				feed_answer(f, &msg);
		}
	}
}

/* The end of the frames that the credit allows. */
static size_t feed_allowed(struct feed *f)
{
	size_t end = f->at_mark ? f->mark[f->at_mark - 1].end : 0;

	if (f->reading)
		while (f->at_mark < f->n_marks && f->mark[f->at_mark].next_seq <= f->limit_seq)
			end = f->mark[f->at_mark++].end;
	return end;
}

bool feed_wants_out(const struct feed *f)
{
	return f->out_len > 0 ||
	       (f->reading &&
		(f->at < (f->at_mark ? f->mark[f->at_mark - 1].end : 0) ||
		 (f->at_mark < f->n_marks && f->mark[f->at_mark].next_seq <= f->limit_seq)));
}

void feed_serve(struct feed *f)
{
	feed_read(f);
	for (;;) {
		size_t end = feed_allowed(f);
		/* Whole frames only between answers: an answer waits for the frame in progress. */
		bool inside = f->at > 0 && f->at < f->wire_len && f->wire[f->at - 1] != 0;
		if (f->out_len > 0 && !inside) {
			ssize_t n = write(f->master, f->out, f->out_len);
			if (n <= 0)
				return;
			memmove(f->out, f->out + n, f->out_len - (size_t)n);
			f->out_len -= (size_t)n;
			continue;
		}
		/* As a pen does: a STATUS behind the last records. */
		if (f->at >= end && end == f->wire_len && !f->live_run && f->reading &&
		    f->status_seq != f->next_seq) {
			feed_status(f);
			continue;
		}
		if (f->at >= end)
			return;
		ssize_t n = write(f->master, f->wire + f->at, MIN(end - f->at, (size_t)65536));
		if (n <= 0)
			return;
		f->at += (size_t)n;
	}
}

uint32_t feed_live(struct feed *f, unsigned cycles)
{
	struct packer p = {.feed = f, .first_seq = f->next_seq};
	struct open_run run = {0};
	struct pw_rec rec = {.boot = FEED_BOOT};
	union pw_rec_body body = {0};
	uint32_t index = f->live_index;

	if (f->live_run == 0) {
		f->live_run = (uint32_t)++f->runs;
		rec.type = PW_REC_RUN_START;
		rec.tick_us = feed_tick(f) - cycles * 6667;
		body.run_start = (struct pw_rec_run_start){
			.run = f->live_run, .voltage_mv = 7500, .depth_um = 500};
		packer_add(&p, &rec, &body);
		f->status_at = 0;
	}
	run.end.run = f->live_run;
	run.end.cycles = f->live_index;
	run.fill_tick_us = feed_tick(f) - cycles * 6667;
	for (unsigned i = 0; i < cycles; i++) {
		run.period[run.fill] = 6667 + i % 7;
		run.depth[run.fill++] = (uint16_t)(500 + i % 5);
		run.end.cycles++;
	}
	f->live_index += cycles;
	run_flush(&p, &run);
	packer_flush(&p);
	feed_serve(f);
	if (bench_now() - f->status_at >= 1) {
		feed_status(f); /* behind the records: the host takes what follows for live */
		feed_serve(f);
	}
	return index;
}
