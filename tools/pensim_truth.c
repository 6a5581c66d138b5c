/* SPDX-License-Identifier: MIT */
#include "pensim_truth.h"

#include <math.h>

/* Frequencies that count, in hundredths of a hertz: as the daemon's summary has it (slower is a
 * pause, faster a glitch). */
#define CHZ_MIN 100u
#define CHZ_MAX 65500u

/* Room for one more in an array that doubles. Memory that runs out ends a simulator. */
static void *grown(void *array, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 64;
	array = reallocarray(array, *cap, size);
	if (!array)
		abort();
	return array;
}

static void *copied(const void *array, size_t n, size_t size)
{
	void *to = calloc(n ? n : 1, size);

	if (!to)
		abort();
	if (n)
		memcpy(to, array, n * size);
	return to;
}

void truth_log_init(struct truth_log *t, uint64_t log_id, bool keep)
{
	*t = (struct truth_log){
		.log_id = log_id, .current = true, .keep = keep, .branch_seq = UINT64_MAX};
}

static void run_done(struct truth_run *run)
{
	free(run->gaps);
	free(run->period);
	free(run->depth);
}

void truth_log_done(struct truth_log *t)
{
	for (size_t i = 0; i < t->n_runs; i++)
		run_done(&t->runs[i]);
	free(t->runs);
	free(t->events);
	free(t->boots);
	free(t->overwritten);
	*t = (struct truth_log){0};
}

void truth_log_copy(struct truth_log *to, const struct truth_log *from)
{
	*to = *from;
	to->cap_runs = from->n_runs;
	to->cap_events = from->n_events;
	to->cap_boots = from->n_boots;
	to->cap_overwritten = from->n_overwritten;
	to->runs = copied(from->runs, from->n_runs, sizeof(*to->runs));
	to->events = copied(from->events, from->n_events, sizeof(*to->events));
	to->boots = copied(from->boots, from->n_boots, sizeof(*to->boots));
	to->overwritten = copied(from->overwritten, from->n_overwritten, sizeof(*to->overwritten));
	for (size_t i = 0; i < to->n_runs; i++) {
		struct truth_run *run = &to->runs[i];

		run->gaps = copied(run->gaps, run->n_gaps, sizeof(*run->gaps));
		if (run->period) {
			run->period = copied(run->period, run->kept, sizeof(*run->period));
			run->depth = copied(run->depth, run->kept, sizeof(*run->depth));
		}
	}
}

struct truth_boot *truth_boot(struct truth_log *t, uint32_t boot, uint64_t seq, int64_t utc_us,
			      double drift_ppm)
{
	struct truth_boot *b;

	t->boots = grown(t->boots, &t->cap_boots, t->n_boots, sizeof(*t->boots));
	b = &t->boots[t->n_boots++];
	*b = (struct truth_boot){
		.boot = boot, .seq = seq, .utc_us = utc_us, .drift_ppm = drift_ppm};
	return b;
}

void truth_event(struct truth_log *t, const struct truth_event *event)
{
	t->events = grown(t->events, &t->cap_events, t->n_events, sizeof(*t->events));
	t->events[t->n_events++] = *event;
}

void truth_overwritten(struct truth_log *t, uint64_t first, uint64_t end)
{
	first = MAX(first, t->acked_seq);
	if (first >= end)
		return;
	if (t->n_overwritten && t->overwritten[t->n_overwritten - 1].end == first) {
		t->overwritten[t->n_overwritten - 1].end = end;
		return;
	}
	t->overwritten = grown(t->overwritten, &t->cap_overwritten, t->n_overwritten,
			       sizeof(*t->overwritten));
	t->overwritten[t->n_overwritten++] = (struct truth_range){first, end};
}

struct truth_run *truth_open_run(struct truth_log *t)
{
	struct truth_run *run = t->n_runs ? &t->runs[t->n_runs - 1] : NULL;

	return run && run->state == TRUTH_OPEN ? run : NULL;
}

struct truth_run *truth_run_start(struct truth_log *t, uint32_t run, uint32_t boot, uint64_t seq,
				  uint64_t tick_us, int64_t utc_us)
{
	struct truth_run *r;

	t->runs = grown(t->runs, &t->cap_runs, t->n_runs, sizeof(*t->runs));
	r = &t->runs[t->n_runs++];
	*r = (struct truth_run){.run = run,
				.boot = boot,
				.first_seq = seq,
				.last_seq = seq,
				.start_tick_us = tick_us,
				.end_tick_us = tick_us,
				.start_utc_us = utc_us,
				.end_utc_us = utc_us};
	run_digest_init(&t->digest);
	return r;
}

static void moments_add(struct truth_moments *m, double value)
{
	if (m->count == 0 || value < m->min)
		m->min = value;
	if (m->count == 0 || value > m->max)
		m->max = value;
	m->count++;
	m->sum += value;
	m->square += value * value;
}

static void keep_cycles(struct truth_run *run, const uint32_t *period_us, const uint16_t *depth_um,
			uint32_t count)
{
	size_t need = (size_t)run->next_index + count, cap = run->kept;

	while (cap < need)
		cap = cap ? cap * 2 : 512;
	if (cap != run->kept) {
		run->period = reallocarray(run->period, cap, sizeof(*run->period));
		run->depth = reallocarray(run->depth, cap, sizeof(*run->depth));
		if (!run->period || !run->depth)
			abort();
		run->kept = cap;
	}
	memcpy(run->period + run->next_index, period_us, count * sizeof(*period_us));
	memcpy(run->depth + run->next_index, depth_um, count * sizeof(*depth_um));
}

static void run_in_log(struct truth_run *run, uint64_t seq)
{
	if (seq == UINT64_MAX)
		return;
	if (run->first_seq == UINT64_MAX)
		run->first_seq = seq;
	run->last_seq = seq;
}

void truth_cycles(struct truth_log *t, const uint32_t *period_us, const uint16_t *depth_um,
		  uint32_t count, uint64_t seq)
{
	struct truth_run *run = truth_open_run(t);

	if (!run)
		return;
	if (t->keep)
		keep_cycles(run, period_us, depth_um, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t us = period_us[i], chz;

		if (us != PW_PERIOD_UNKNOWN) {
			run->period_count++;
			run->period_sum_us += us;
			chz = us ? (100000000u + us / 2) / us : UINT32_MAX;
			if (chz >= CHZ_MIN && chz <= CHZ_MAX)
				moments_add(&run->hz, 1e6 / us);
		}
		if (depth_um[i] != PW_DEPTH_UNKNOWN) {
			run->depth_sum_um += depth_um[i];
			moments_add(&run->um, depth_um[i]);
		}
	}
	run_digest_cycles(&t->digest, period_us, depth_um, count);
	run->cycles += count;
	run->next_index += count;
	run_in_log(run, seq);
}

void truth_lost_cycles(struct truth_log *t, uint32_t count, uint64_t seq)
{
	struct truth_run *run = truth_open_run(t);
	struct run_gap *last;

	if (!run || count == 0)
		return;
	run_in_log(run, seq);
	last = run->n_gaps ? &run->gaps[run->n_gaps - 1] : NULL;
	if (last && last->first + last->count == run->next_index) {
		last->count += count;
	} else {
		run->gaps = reallocarray(run->gaps, run->n_gaps + 1, sizeof(*run->gaps));
		if (!run->gaps)
			abort();
		run->gaps[run->n_gaps++] = (struct run_gap){run->next_index, count};
	}
	run->next_index += count;
}

void truth_measure(struct truth_log *t, enum pw_quantity quantity, int32_t value)
{
	struct truth_run *run = truth_open_run(t);

	if (run)
		moments_add(&run->measured[quantity - 1], value);
}

void truth_run_end(struct truth_log *t, enum truth_state state, uint64_t seq, uint64_t tick_us,
		   int64_t utc_us, uint8_t reason)
{
	struct truth_run *run = truth_open_run(t);
	struct run_gap *last;

	if (!run)
		return;
	if (state == TRUTH_ENDED)
		run_in_log(run, seq);
	if (run->first_seq == UINT64_MAX) {
		run_done(run);
		t->n_runs--;
		return;
	}
	run->state = state;
	run->reason = reason;
	run->end_tick_us = tick_us;
	run->end_utc_us = utc_us;
	last = run->n_gaps ? &run->gaps[run->n_gaps - 1] : NULL;
	if (state == TRUTH_CUT && last && last->first + last->count == run->next_index) {
		run->next_index = last->first;
		run->n_gaps--;
	}
	run_digest_final(&t->digest, run->gaps, run->n_gaps, run->digest);
}

int truth_digest(const struct truth_run *run, const struct run_gap *gaps, size_t n_gaps,
		 uint8_t ret[RUN_DIGEST_SIZE])
{
	struct run_digest digest;
	uint32_t at = 0;

	if (!run->period && run->next_index > 0)
		return -ENODATA;
	run_digest_init(&digest);
	for (size_t i = 0; i < n_gaps; i++) {
		if (gaps[i].first < at || gaps[i].count == 0 || gaps[i].first > run->next_index ||
		    gaps[i].count > run->next_index - gaps[i].first)
			return -ERANGE;
		run_digest_cycles(&digest, run->period + at, run->depth + at, gaps[i].first - at);
		at = gaps[i].first + gaps[i].count;
	}
	run_digest_cycles(&digest, run->period + at, run->depth + at, run->next_index - at);
	run_digest_final(&digest, gaps, n_gaps, ret);
	return 0;
}

/* ---- JSON ---- */

static void write_u64(struct buf *b, const char *key, uint64_t v)
{
	json_key(b, key);
	json_uint(b, v);
}

static void write_id(struct buf *b, const char *key, uint64_t id)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(id >> (56 - 8 * i));
	json_key(b, key);
	json_hex(b, bytes, sizeof(bytes));
}

static void write_moments(struct buf *b, const char *key, const struct truth_moments *m)
{
	double mean = m->count ? m->sum / (double)m->count : NAN;
	double variance = m->count ? m->square / (double)m->count - mean * mean : NAN;

	json_key(b, key);
	json_open(b, '{');
	write_u64(b, "count", m->count);
	json_key(b, "mean");
	json_decimal(b, mean, 6);
	json_key(b, "sd");
	json_decimal(b, variance < 0 ? 0 : sqrt(variance), 6);
	json_key(b, "min");
	json_decimal(b, m->count ? m->min : NAN, 6);
	json_key(b, "max");
	json_decimal(b, m->count ? m->max : NAN, 6);
	json_close(b, '}');
}

static void write_gaps(struct buf *b, const struct run_gap *gaps, size_t n)
{
	json_key(b, "gaps");
	json_open(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(b, '[');
		json_uint(b, gaps[i].first);
		json_uint(b, gaps[i].count);
		json_close(b, ']');
	}
	json_close(b, ']');
}

/* What the log still has of a run whose first records are overwritten. */
static void write_remaining(struct buf *b, const struct truth_run *run, struct pw_log *log)
{
	uint32_t period[PW_CYCLES_REC_MAX], first = run->next_index, cycles = 0, n;
	uint16_t depth[PW_CYCLES_REC_MAX];
	uint8_t record[PW_REC_MAX], digest[RUN_DIGEST_SIZE];
	struct run_digest d;
	union pw_rec_body body;
	struct pw_rec rec;
	size_t size;

	run_digest_init(&d);
	for (uint64_t seq = log ? log->first_seq : UINT64_MAX;
	     log && seq <= run->last_seq && seq < log->next_seq; seq++) {
		if (pw_log_read(log, seq, record, sizeof(record), &size) != PW_OK ||
		    pw_rec_next(record, size, &rec, &size) != PW_OK || rec.type != PW_REC_CYCLES ||
		    pw_rec_decode(&rec, &body) != PW_OK || body.cycles.run != run->run ||
		    pw_cycles_decode(body.cycles.block, body.cycles.len, period, depth,
				     PW_CYCLES_REC_MAX, &n) != PW_OK)
			continue;
		if (cycles == 0)
			first = body.cycles.index;
		cycles += n;
		run_digest_cycles(&d, period, depth, n);
	}
	json_key(b, "remaining");
	json_open(b, '{');
	write_u64(b, "cycles", cycles);
	write_u64(b, "first_index", first);
	if (cycles > 0 && run->n_gaps == 0) {
		run_digest_final(&d, &(struct run_gap){0, first}, 1, digest);
		json_key(b, "digest");
		json_hex(b, digest, sizeof(digest));
	}
	json_close(b, '}');
}

static void write_run(struct buf *b, const struct truth_log *t, const struct truth_run *run,
		      struct pw_log *log)
{
	static const char *const states[] = {"open", "ended", "cut"};
	uint8_t digest[RUN_DIGEST_SIZE];
	struct run_digest so_far;

	if (run->state == TRUTH_OPEN) {
		so_far = t->digest;
		run_digest_final(&so_far, run->gaps, run->n_gaps, digest);
	} else {
		memcpy(digest, run->digest, sizeof(digest));
	}
	json_open(b, '{');
	write_u64(b, "run", run->run);
	write_u64(b, "boot", run->boot);
	json_kv_text(b, "state", states[run->state]);
	if (run->state == TRUTH_ENDED)
		write_u64(b, "reason", run->reason);
	write_u64(b, "first_seq", run->first_seq);
	write_u64(b, "last_seq", run->last_seq);
	write_u64(b, "cycles", run->cycles);
	write_u64(b, "on_time_us",
		  run->state == TRUTH_ENDED ? run->end_tick_us - run->start_tick_us : 0);
	write_u64(b, "period_sum_us", run->period_sum_us);
	write_u64(b, "period_count", run->period_count);
	write_u64(b, "depth_sum_um", run->depth_sum_um);
	write_u64(b, "depth_count", run->um.count);
	write_moments(b, "freq_hz", &run->hz);
	write_moments(b, "depth_um", &run->um);
	write_moments(b, "voltage", &run->measured[PW_QUANTITY_VOLTAGE - 1]);
	write_moments(b, "current", &run->measured[PW_QUANTITY_CURRENT - 1]);
	write_moments(b, "vibration", &run->measured[PW_QUANTITY_VIBRATION - 1]);
	write_moments(b, "temperature", &run->measured[PW_QUANTITY_TEMPERATURE - 1]);
	write_u64(b, "start_tick_us", run->start_tick_us);
	write_u64(b, "end_tick_us", run->end_tick_us);
	json_kv_int(b, "start_utc_us", run->start_utc_us);
	json_kv_int(b, "end_utc_us", run->end_utc_us);
	json_key(b, "digest");
	json_hex(b, digest, sizeof(digest));
	write_gaps(b, run->gaps, run->n_gaps);
	if (run->note[0])
		json_kv_text(b, "fault", run->note);
	if (run->first_seq < t->first_seq)
		write_remaining(b, run, log);
	json_close(b, '}');
}

static void write_text(struct buf *b, const char *key, const uint8_t field[PW_TEXT_SIZE])
{
	char text[PW_TEXT_SIZE + 1];

	pw_text_get(field, text);
	json_kv_text(b, key, text);
}

static void write_event_fields(struct buf *b, const struct truth_event *e)
{
	char config[sizeof(e->body.cartridge.config) + 1] = "";

	switch (e->type) {
	case PW_REC_CARTRIDGE_IN:
	case PW_REC_CARTRIDGE_OUT:
		json_kv_text(b, "type",
			     e->type == PW_REC_CARTRIDGE_IN ? "cartridge_in" : "cartridge_out");
		write_text(b, "id", e->body.cartridge.id);
		memcpy(config, e->body.cartridge.config, sizeof(e->body.cartridge.config));
		json_kv_text(b, "config", config);
		break;
	case PW_REC_COUNTERS:
		json_kv_text(b, "type", "counters");
		write_u64(b, "cycles", e->body.counters.cycles);
		write_u64(b, "motor_on_us", e->body.counters.motor_on_us);
		write_u64(b, "cycles_bits", e->body.counters.cycles_bits);
		break;
	case PW_REC_FAULT:
		json_kv_text(b, "type", "fault");
		write_u64(b, "code", e->body.fault.code);
		write_u64(b, "state", e->body.fault.state);
		json_kv_int(b, "value", e->body.fault.value);
		break;
	case PW_REC_BUTTON:
		json_kv_text(b, "type", "button");
		write_u64(b, "button", e->body.button.button);
		write_u64(b, "action", e->body.button.action);
		break;
	case PW_REC_CLOCK:
		json_kv_text(b, "type", "clock");
		json_kv_int(b, "clock_utc_us", e->body.clock.utc_us);
		write_u64(b, "accuracy_us", e->body.clock.accuracy_us);
		break;
	default:
		json_kv_text(b, "type", "unknown");
		write_u64(b, "code", e->type);
		break;
	}
}

static void write_event(struct buf *b, const struct truth_event *e)
{
	json_open(b, '{');
	write_u64(b, "seq", e->seq);
	write_event_fields(b, e);
	write_u64(b, "boot", e->boot);
	write_u64(b, "tick_us", e->tick_us);
	json_kv_int(b, "utc_us", e->utc_us);
	json_close(b, '}');
}

static void write_boot(struct buf *b, const struct truth_boot *boot)
{
	json_open(b, '{');
	write_u64(b, "boot", boot->boot);
	write_u64(b, "seq", boot->seq);
	json_kv_int(b, "true_utc_of_tick0_us", boot->utc_us);
	json_key(b, "drift_ppm");
	json_decimal(b, boot->drift_ppm, 3);
	json_key(b, "jumps");
	json_open(b, '[');
	for (size_t i = 0; i < boot->n_jumps; i++) {
		json_open(b, '{');
		write_u64(b, "at_tick_us", boot->jump[i].at_tick_us);
		json_kv_int(b, "by_us", boot->jump[i].by_us);
		json_close(b, '}');
	}
	json_close(b, ']');
	json_close(b, '}');
}

void truth_write(struct buf *b, const struct truth_log *t, struct pw_log *log)
{
	json_open(b, '{');
	write_id(b, "log_id", t->log_id);
	json_kv_bool(b, "current", t->current);
	if (t->branch_seq != UINT64_MAX)
		write_u64(b, "branch_seq", t->branch_seq);
	write_u64(b, "first_seq", t->first_seq);
	write_u64(b, "next_seq", t->next_seq);
	write_u64(b, "acked_seq", t->acked_seq);
	json_key(b, "overwritten");
	json_open(b, '[');
	for (size_t i = 0; i < t->n_overwritten; i++) {
		json_open(b, '[');
		json_uint(b, t->overwritten[i].first);
		json_uint(b, t->overwritten[i].end);
		json_close(b, ']');
	}
	json_close(b, ']');
	json_key(b, "boots");
	json_open(b, '[');
	for (size_t i = 0; i < t->n_boots; i++)
		write_boot(b, &t->boots[i]);
	json_close(b, ']');
	json_key(b, "runs");
	json_open(b, '[');
	for (size_t i = 0; i < t->n_runs; i++)
		if (t->runs[i].first_seq != UINT64_MAX) /* else nothing of it is in the log yet */
			write_run(b, t, &t->runs[i], log);
	json_close(b, ']');
	json_key(b, "events");
	json_open(b, '[');
	for (size_t i = 0; i < t->n_events; i++)
		write_event(b, &t->events[i]);
	json_close(b, ']');
	json_close(b, '}');
}
