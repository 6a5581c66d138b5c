/* SPDX-License-Identifier: MIT */
/*
 * Records from a pen's log into the tables, exactly once: the cursor says which record comes next,
 * and moves in the transaction that stores what was read.
 *
 * A pen's firmware may be wrong in any way. What a record says is checked against what came before;
 * what cannot be true is kept as bytes and found fault with, and reading goes on behind it.
 */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/clock.h"
#include "db/event.h"

/* A record from further in the future than this: the pen's tick has jumped. */
#define FUTURE_US (60 * USEC_PER_SEC)

static int fault_once(struct store *s, struct log_state *log, enum log_found bit, const char *kind,
		      const struct record *rec)
{
	char detail[160];

	if (log->found & bit)
		return 0;
	log->found |= bit;
	snprintf(detail, sizeof(detail), "{\"boot\":%lu,\"seq\":%llu,\"tick_us\":%llu,\"type\":%u}",
		 (unsigned long)rec->rec.boot, (unsigned long long)rec->seq,
		 (unsigned long long)MIN(rec->rec.tick_us, (uint64_t)INT64_MAX), rec->rec.type);
	return finding_add(s, log->serial, kind, detail, 0);
}

static int keep_bad(struct store *s, struct log_state *log, const struct record *rec,
		    const char *why)
{
	int r = fault_once(s, log, FOUND_BAD, "record.bad", rec);

	return r < 0 ? r : event_add_bytes(s, log, rec, "bad", why);
}

/* ---- time ---- */

/* The pen's tick cannot be believed from here on: the open run has only bounds. */
static void doubt_clock(struct log_state *log, const struct record *rec)
{
	struct run_acc *run = &log->run;

	log->doubt = true;
	if (!run->open)
		return;
	run->flags |= RUN_CLOCK;
	run->dirty = true;
	if (run->before_us == TIME_UNKNOWN) {
		run->after_us = log->after_us;
		run->before_us = rec->at_us;
	} else {
		run->before_us = MAX(run->before_us, rec->at_us);
	}
}

/* Is the record's place in time possible? Says so when not; the record is taken all the same. */
static int check_tick(struct store *s, struct log_state *log, const struct record *rec)
{
	bool cycles = rec->rec.type == PW_REC_CYCLES;
	uint64_t tick = rec->rec.tick_us;
	int r = 0;

	/* a cycles record has the tick of its first cycle, which may have begun before the event in
	 * front of it */
	if (cycles ? log->run.open && tick < log->run.tick_start_us : tick < log->tick_us) {
		r = fault_once(s, log, FOUND_BACKWARD, "clock.backward", rec);
		doubt_clock(log, rec);
	} else if (log->have_epoch &&
		   epoch_map(&log->epoch, tick).earliest_us > time_add(rec->at_us, FUTURE_US)) {
		struct epoch
			now; /* of this tick: after a jump that is known there is another fit */

		r = project_find_epoch(&s->stmts, log->id, log->boot.boot, tick, &now);
		if (r > 0 && epoch_map(&now, tick).earliest_us > time_add(rec->at_us, FUTURE_US)) {
			r = fault_once(s, log, FOUND_FUTURE, "clock.future", rec);
			doubt_clock(log, rec);
		}
	} else if (log->doubt) {
		doubt_clock(log, rec);
	}
	if (!cycles)
		log->tick_us = MAX(log->tick_us, tick);
	return MIN(r, 0);
}

static int enter_boot(struct store *s, struct log_state *log, const struct record *rec)
{
	bool backward = log->have_boot && rec->rec.boot < log->cursor_boot;
	int r = 0;

	if (log->have_boot && rec->rec.boot == log->cursor_boot)
		return clock_note(s, log, rec->seq, rec->rec.tick_us, rec->at_us);
	if (log->run.open)
		r = run_finish(s, log, NULL);
	if (r == 0)
		r = clock_enter_boot(s, log, rec->rec.boot, rec->seq, rec->rec.tick_us, rec->at_us);
	log->doubt = backward;
	if (r == 0 && backward)
		r = fault_once(s, log, FOUND_BOOT, "boot.backward", rec);
	return r;
}

/* ---- runs ---- */

static int open_run(struct store *s, struct log_state *log, const struct record *rec,
		    struct run_start *start)
{
	int r = 0;

	if (log->run.open)
		r = run_finish(s, log, NULL);
	start->seq = (int64_t)rec->seq;
	if (r == 0 && log->have_run_number && start->number <= log->run_number) {
		start->flags |= RUN_NUMBER;
		r = fault_once(s, log, FOUND_NUMBER, "run.number", rec);
	}
	if (r == 0)
		r = run_start(s, log, start);
	if (r == 0 && log->doubt)
		doubt_clock(log, rec);
	log->run_number = start->number;
	log->have_run_number = true;
	return r;
}

static int on_run_start(struct store *s, struct log_state *log, const struct record *rec)
{
	const struct pw_rec_run_start *b = &rec->body.run_start;
	struct run_start start = {
		.number = b->run,
		.tick_us = rec->rec.tick_us,
		.voltage_mv = b->voltage_mv == PW_UNKNOWN_U16 ? TIME_UNKNOWN : b->voltage_mv,
		.depth_set_um = b->depth_um == PW_UNKNOWN_U16 ? TIME_UNKNOWN : b->depth_um,
	};

	return open_run(s, log, rec, &start);
}

/* A record of a run whose beginning was not read. */
static int open_without_start(struct store *s, struct log_state *log, const struct record *rec,
			      uint32_t number, uint64_t tick_us)
{
	struct run_start start = {
		.number = number,
		.flags = RUN_START_LOST,
		.tick_us = tick_us,
		.voltage_mv = TIME_UNKNOWN,
		.depth_set_um = TIME_UNKNOWN,
	};

	return open_run(s, log, rec, &start);
}

static bool is_open(const struct log_state *log, uint32_t number)
{
	return log->run.open && log->run.number == number;
}

static uint64_t span_of(const uint32_t *period_us, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += period_us[i] == PW_PERIOD_UNKNOWN ? 0 : period_us[i];
	return sum;
}

/* Cycles that cannot be used: the bytes are kept, and the run is marked. */
static int refuse_cycles(struct store *s, struct log_state *log, const struct record *rec,
			 const char *why)
{
	if (is_open(log, rec->body.cycles.run)) {
		log->run.flags |= RUN_REFUSED;
		log->run.dirty = true;
	}
	return keep_bad(s, log, rec, why);
}

static int on_cycles(struct store *s, struct log_state *log, const struct record *rec)
{
	const struct pw_rec_cycles *b = &rec->body.cycles;
	struct run_acc *run = &log->run;
	enum pw_error error;
	uint32_t count;
	int r;

	error = pw_cycles_decode(b->block, b->len, s->period, s->depth, PW_CYCLES_MAX, &count);
	if (error != PW_OK)
		return refuse_cycles(s, log, rec, pw_error_name(error));
	if ((uint64_t)b->index + count > LIMIT_RUN_CYCLES)
		return refuse_cycles(s, log, rec, "more cycles than a run may have");
	if (!is_open(log, b->run)) {
		r = open_without_start(s, log, rec, b->run, rec->rec.tick_us);
		if (r < 0)
			return r;
	}
	if (b->index < run_next_index(run)) {
		r = fault_once(s, log, FOUND_OVERLAP, "cycles.overlap", rec);
		return r < 0 ? r : refuse_cycles(s, log, rec, "cycles that were there before");
	}
	r = run_add_cycles(s, run, b->index, s->period, s->depth, count);
	run->last_seq = (int64_t)rec->seq;
	run->tick_end_us = MAX(run->tick_end_us, MIN(rec->rec.tick_us + span_of(s->period, count),
						     (uint64_t)INT64_MAX));
	s->cycles += count;
	return r;
}

static int on_run_end(struct store *s, struct log_state *log, const struct record *rec)
{
	const struct pw_rec_run_end *b = &rec->body.run_end;
	struct run_acc *run = &log->run;
	uint64_t tick = rec->rec.tick_us;
	int r;

	if (!is_open(log, b->run)) {
		r = open_without_start(s, log, rec, b->run, tick - MIN(tick, b->on_time_us));
		if (r < 0)
			return r;
	} else if (run->flags & RUN_START_LOST) {
		run->tick_start_us = MIN(run->tick_start_us, tick - MIN(tick, b->on_time_us));
	}
	run->last_seq = (int64_t)rec->seq;
	run->tick_end_us = MAX(run->tick_start_us, tick);
	return run_finish(s, log, b);
}

static int on_measure(struct store *s, struct log_state *log, const struct record *rec)
{
	const struct pw_rec_measure *b = &rec->body.measure;
	struct run_acc *run = &log->run;
	int r;

	if (!is_open(log, b->run)) {
		r = open_without_start(s, log, rec, b->run, rec->rec.tick_us);
		if (r < 0)
			return r;
	}
	r = run_add_measure(run, b);
	if (r < 0)
		return keep_bad(s, log, rec, "more measurements than a run may have");
	run->last_seq = (int64_t)rec->seq;
	run->tick_end_us = MAX(run->tick_end_us, rec->rec.tick_us);
	return 0;
}

/* ---- records ---- */

static int take_record(struct store *s, struct log_state *log, struct record *rec)
{
	enum pw_error error = pw_rec_decode(&rec->rec, &rec->body);
	int r;

	if ((error != PW_OK && error != PW_E_TYPE) || rec->rec.tick_us > INT64_MAX) {
		if (rec->rec.type == PW_REC_CYCLES && log->run.open) {
			log->run.flags |= RUN_REFUSED;
			log->run.dirty = true;
		}
		return keep_bad(
			s, log, rec,
			pw_error_name(error == PW_OK || error == PW_E_TYPE ? PW_E_VALUE : error));
	}
	r = enter_boot(s, log, rec);
	if (r == 0)
		r = check_tick(s, log, rec);
	if (r < 0)
		return r;
	if (error == PW_E_TYPE)
		return event_add_bytes(s, log, rec, "unknown", NULL);
	switch (rec->rec.type) {
	case PW_REC_RUN_START:
		return on_run_start(s, log, rec);
	case PW_REC_CYCLES:
		return on_cycles(s, log, rec);
	case PW_REC_RUN_END:
		return on_run_end(s, log, rec);
	case PW_REC_MEASURE:
		return on_measure(s, log, rec);
	default:
		return event_add(s, log, rec);
	}
}

static int add_loss(struct store *s, struct log_state *log, uint64_t next_seq, int64_t at_us)
{
	struct entry_info info = {.action = "loss.add", .pen = log->serial};
	struct buf *b;
	int r;

	r = clock_around(s, log, log->next_seq);
	if (r < 0)
		return r;
	b = entry_begin(s);
	if (log->after_us != TIME_UNKNOWN)
		json_kv_int(b, "after_us", log->after_us);
	json_kv_int(b, "before_us", at_us);
	json_kv_int(b, "first_seq", (int64_t)log->next_seq);
	json_kv_int(b, "log", log->id);
	json_kv_int(b, "next_seq", (int64_t)next_seq);
	json_kv_text(b, "pen", log->serial);
	r = entry_add(s, &info, NULL, NULL);
	if (r == 0)
		log->next_seq = next_seq;
	return r;
}

/* Whether the message holds exactly what it says: count records in len bytes. */
static int check_message(const struct db_ingest *in)
{
	struct pw_rec rec;
	size_t at = 0, size;

	if (in->len > LIMIT_INGEST_BYTES || in->first_seq > (uint64_t)INT64_MAX - in->count)
		return -EINVAL;
	for (uint32_t i = 0; i < in->count; i++, at += size)
		if (pw_rec_next(in->data + at, in->len - at, &rec, &size) != PW_OK)
			return -EINVAL;
	return at == in->len ? 0 : -EINVAL;
}

static int take_records(struct store *s, struct log_state *log, const struct db_ingest *in,
			bool raw)
{
	struct record rec = {.seq = in->first_seq, .at_us = in->at_us, .data = in->data};
	size_t at = 0;
	int r;

	for (uint32_t i = 0; i < in->count; i++, rec.seq++, at += rec.size) {
		rec.data = in->data + at;
		pw_rec_next(rec.data, in->len - at, &rec.rec, &rec.size);
		if (rec.seq < log->next_seq)
			continue;
		if (raw)
			r = keep_bad(s, log, &rec, "the database refused it");
		else
			r = take_record(s, log, &rec);
		if (r < 0)
			return r;
		s->records++;
		log->next_seq = rec.seq + 1;
		if (i + 1 == in->count) {
			log->crc = pw_rec_crc(rec.seq, rec.data, rec.size);
			log->have_crc = true;
		}
	}
	return 0;
}

int ingest_apply(struct store *s, struct db_ingest *in, bool raw)
{
	struct log_state *log;
	int r;

	r = check_message(in);
	if (r == 0)
		r = log_state_get(s, in->log, &log);
	if (r < 0)
		return r;
	if (log->pen != in->pen)
		return -EINVAL;
	in->next_seq = log->next_seq;
	log->button = in->button;
	if (in->first_seq > log->next_seq) {
		/* what is missing was overwritten, or is still to come */
		if (in->avail_seq < in->first_seq)
			return -EILSEQ;
		r = add_loss(s, log, in->first_seq, in->at_us);
		if (r < 0)
			return r;
		log->dirty = true;
	}
	r = take_records(s, log, in, raw);
	if (r == 0)
		r = run_park(s, log);
	if (r < 0)
		return r;
	log->contact_us = MAX(log->contact_us, in->at_us);
	log->dirty = true;
	in->next_seq = log->next_seq;
	return 0;
}
