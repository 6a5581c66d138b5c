/* SPDX-License-Identifier: MIT */
/*
 * Why blocks of 512 cycles in pages of 16 KiB: bytes of table `block` per byte of the codec's
 * output (in brackets that output, bytes per cycle), runs of 30 s, period sd 1 %, depth AR(1):
 *
 *     cycles    4 KiB   8 KiB   16 KiB  32 KiB
 *     256       1.104   1.064   1.047   1.041   (1.804)
 *     384       1.155   1.073   1.045   1.036   (1.787)
 *     512       1.137   1.080   1.046   1.034   (1.779)
 *     768       1.224   1.101   1.054   1.036   (1.771)
 *     1024      1.205   1.133   1.065   1.041   (1.767)
 *
 * 32 KiB would save another 1 % there and lose it to the small tables; and every live commit writes
 * whole pages. Beside its cycles a run costs about 570 bytes (entry 330, row 185, indices 55).
 */

#include "base/timefmt.h"
#include "db/attribute.h"
#include "db/log_state.h"
#include "db/run.h"

/* ---- blocks ---- */

/* The pieces of the block being sealed that a commit stored as they were. */
static int drop_pieces(struct store *s, struct run_acc *run)
{
	int r;

	if (run->tail_end <= run->fill_index)
		return 0;
	r = stmt_run(&s->stmts, tail_drop, V_INT(TAIL_ID(run->id, run->fill_index)),
		     V_INT(TAIL_ID(run->id, run->tail_end) - 1));
	run->tail_end = run->fill_index;
	return r;
}

static int encode(struct store *s, const uint32_t *period_us, const uint16_t *depth_um,
		  uint32_t count, size_t *ret_len)
{
	/* cannot fail: the count is in range and the buffer holds the worst block */
	return pw_cycles_encode(period_us, depth_um, count, s->block, sizeof(s->block), ret_len) ==
			       PW_OK
		       ? 0
		       : -EINVAL;
}

int run_put_pending(struct store *s, struct run_acc *run, int64_t id,
		    int (*put)(struct store *s, const struct run_acc *run, int64_t id,
			       const struct run_pending *p, const void *data))
{
	const char *at = s->pending.data;
	struct run_pending p;
	int r = 0;

	for (; s->n_pending > 0 && r == 0; s->n_pending--, id++) {
		memcpy(&p, at, sizeof(p));
		r = put(s, run, id, &p, at + sizeof(p));
		at += sizeof(p) + p.len;
	}
	buf_reset(&s->pending);
	return r;
}

static int put_tail(struct store *s, const struct run_acc *run, int64_t id,
		    const struct run_pending *p, const void *data)
{
	(void)id;
	return stmt_run(&s->stmts, tail_add, V_INT(TAIL_ID(run->id, p->first)),
			V_BLOB(data, p->len));
}

int run_seal(struct store *s, struct run_acc *run)
{
	struct run_pending p = {.first = run->fill_index};
	size_t len;
	int r;

	if (run->fill == 0)
		return 0;
	r = drop_pieces(s, run);
	if (r == 0)
		r = encode(s, run->period, run->depth, run->fill, &len);
	if (r < 0)
		return r;
	p.len = (uint32_t)len;
	buf_add(&s->pending, &p, sizeof(p));
	buf_add(&s->pending, s->block, len);
	if (s->pending.error)
		return s->pending.error;
	s->n_pending++;
	run_digest_cycles(&run->digest, run->period, run->depth, run->fill);
	summary_add(&run->sum, run->period, run->depth, run->fill);
	run->fill_index += run->fill;
	run->fill = 0;
	run->tail_end = run->fill_index;
	return 0;
}

int run_acc_gap(struct run_acc *run, uint32_t first, uint32_t count)
{
	if (!run->gap) {
		run->gap = malloc(LIMIT_RUN_GAPS * sizeof(*run->gap));
		if (!run->gap)
			return -ENOMEM;
	}
	run->lost += count;
	if (run->n_gaps > 0) {
		struct run_gap *last = &run->gap[run->n_gaps - 1];

		if (last->first + last->count == first || run->n_gaps == LIMIT_RUN_GAPS) {
			last->count += count;
			return 0;
		}
	}
	run->gap[run->n_gaps++] = (struct run_gap){.first = first, .count = count};
	return 0;
}

int run_add_gap(struct store *s, struct run_acc *run, uint32_t first, uint32_t count)
{
	int r;

	assert(first >= run_next_index(run));
	if (count == 0)
		return 0;
	r = run_seal(s, run); /* a block holds neighbours only */
	if (r == 0)
		r = run_acc_gap(run, first, count);
	if (r < 0)
		return r;
	run->fill_index = run->tail_end = first + count;
	run->dirty = true;
	return 0;
}

int run_add_cycles(struct store *s, struct run_acc *run, uint32_t index, const uint32_t *period_us,
		   const uint16_t *depth_um, uint32_t count)
{
	int r;

	r = run_add_gap(s, run, run_next_index(run), index - run_next_index(run));
	while (r == 0 && count > 0) {
		uint32_t n = MIN(count, BLOCK_CYCLES - run->fill);

		memcpy(run->period + run->fill, period_us, n * sizeof(*period_us));
		memcpy(run->depth + run->fill, depth_um, n * sizeof(*depth_um));
		run->fill += n;
		period_us += n;
		depth_um += n;
		count -= n;
		if (run->fill == BLOCK_CYCLES)
			r = run_seal(s, run);
	}
	run->dirty = true;
	return r;
}

int run_add_measure(struct run_acc *run, const struct pw_rec_measure *m)
{
	uint32_t at = 0;
	struct run_measure *have;

	while (at < run->n_measures && run->measure[at].quantity < m->quantity)
		at++;
	have = &run->measure[at];
	if (at == run->n_measures || have->quantity != m->quantity) {
		if (run->n_measures == LIMIT_RUN_MEASURES)
			return -ENOSPC;
		memmove(have + 1, have, (run->n_measures - at) * sizeof(*have));
		run->n_measures++;
		*have = (struct run_measure){
			.quantity = m->quantity, .min = m->min, .max = m->max};
	}
	/* With so many values at most, the sums cannot overflow. */
	if (m->count > PW_MEASURE_COUNT_MAX - have->count)
		return -ENOSPC;
	have->count += m->count;
	have->min = MIN(have->min, m->min);
	have->max = MAX(have->max, m->max);
	have->sum += m->sum;
	have->square_sum += (int64_t)m->square_sum;
	have->dirty = run->dirty = true;
	return 0;
}

/* ---- beginning and end ---- */

void run_acc_reset(struct run_acc *run)
{
	struct run_gap *gap = run->gap;

	run->open = run->listed = run->dirty = false;
	run->fill_index = run->fill = run->tail_end = run->n_gaps = run->parked = 0;
	run->n_measures = 0;
	run->lost = 0;
	run->gap = gap;
	run_digest_init(&run->digest);
	summary_init(&run->sum);
}

int run_start(struct store *s, struct log_state *log, const struct run_start *start)
{
	struct run_acc *run = &log->run;
	sqlite3_stmt *q;
	int r;

	assert(!run->open);
	run_acc_reset(run);
	r = stmt_begin(&s->stmts, run_next, &q);
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	run->id = sqlite3_column_int64(q, 0);
	stmt_end(q);
	run->number = start->number;
	run->boot = log->boot.boot;
	run->flags = start->flags | (log->kept ? 0 : RUN_UNLOGGED);
	run->first_seq = run->last_seq = start->seq;
	run->tick_start_us = run->tick_end_us = start->tick_us;
	run->voltage_mv = start->voltage_mv;
	run->depth_set_um = start->depth_set_um;
	run->after_us = run->before_us = TIME_UNKNOWN;
	run->open = run->dirty = true;
	return 0;
}

void run_gaps_text(const struct run_acc *run, struct buf *b)
{
	json_open(b, '[');
	for (uint32_t i = 0; i < run->n_gaps; i++) {
		json_open(b, '[');
		json_int(b, run->gap[i].first);
		json_int(b, run->gap[i].count);
		json_close(b, ']');
	}
	json_close(b, ']');
}

struct run_ticks run_ticks_of(const struct log_state *log)
{
	const struct run_acc *run = &log->run;

	return (struct run_ticks){
		.log = log->id,
		.boot = run->boot,
		.start_us = run->tick_start_us,
		.end_us = run->tick_end_us,
		.after_us = run->after_us,
		.before_us = run->before_us,
		.open = run->open,
	};
}

/* What was measured since the last commit. */
static int put_measures(struct store *s, struct run_acc *run)
{
	int r = 0;

	for (uint32_t i = 0; i < run->n_measures && r == 0; i++) {
		struct run_measure *m = &run->measure[i];

		if (!m->dirty)
			continue;
		r = stmt_run(&s->stmts, measure_put, V_INT(run->id), V_INT(m->quantity),
			     V_INT(m->count), V_INT(m->min), V_INT(m->max), V_INT(m->sum),
			     V_INT(m->square_sum));
		m->dirty = false;
	}
	return r;
}

/* The row of an open run as of now. */
static int update_row(struct store *s, const struct log_state *log)
{
	const struct run_acc *run = &log->run;
	_cleanup_(buf_done) struct buf gaps = BUF_INIT(ENTRY_PAYLOAD_MAX);
	struct run_ticks ticks = run_ticks_of(log);
	uint8_t hist[SUMMARY_ENCODED_MAX];
	struct run_times times;
	struct summary sum = run->sum;
	int r;

	r = project_run_times(&s->stmts, &ticks, &times);
	if (r < 0)
		return r;
	summary_add(&sum, run->period, run->depth, run->fill);
	if (run->n_gaps > 0)
		run_gaps_text(run, &gaps);
	if (gaps.error)
		return gaps.error;
	return stmt_run(&s->stmts, run_progress, V_INT(run->flags), V_INT(run->last_seq),
			V_INT(run->tick_start_us), V_INT(run->tick_end_us), V_INT(run->lost),
			V_TEXT(gaps.data), V_OPTIONAL(run->after_us), V_OPTIONAL(run->before_us),
			V_TIMES(&times), V_SUMMARY(&sum, hist, summary_hist_encode(&sum, hist)),
			V_INT(run->id));
}

/* Most runs of a drain begin and end within one message: only the others are listed as open. */
int run_park(struct store *s, struct log_state *log)
{
	struct run_acc *run = &log->run;
	int r;

	if (!run->open)
		return 0;
	if (!run->listed) {
		r = stmt_run(&s->stmts, run_open, V_INT(run->id), V_INT(log->id),
			     V_INT(run->number), V_INT(run->boot), V_INT(run->flags),
			     V_INT(run->first_seq), V_INT(run->tick_start_us),
			     V_OPTIONAL(run->voltage_mv), V_OPTIONAL(run->depth_set_um),
			     V_OPTIONAL(run->after_us), V_OPTIONAL(run->before_us),
			     V_INT(log->pen));
		if (r == 0) /* at once as long as it will be: a row that grows among others splits
			       their page */
			r = update_row(s, log);
		if (r == 0)
			r = attribute_open_run(&s->stmts, run->id);
		if (r < 0)
			return r;
		run->listed = true;
		s->opened = true;
	}
	run->parked += s->n_pending;
	return run_put_pending(s, run, 0, put_tail);
}

/* ---- commit ---- */

/* The cycles that came since the last commit and are not sealed. */
static int flush_tail(struct store *s, struct run_acc *run)
{
	uint32_t from = MAX(run->tail_end, run->fill_index), at = from - run->fill_index;
	size_t len;
	int r;

	if (at >= run->fill)
		return 0;
	r = encode(s, run->period + at, run->depth + at, run->fill - at, &len);
	if (r == 0)
		r = stmt_run(&s->stmts, tail_add, V_INT(TAIL_ID(run->id, from)),
			     V_BLOB(s->block, len));
	if (r == 0)
		run->tail_end = run_next_index(run);
	return r;
}

int run_flush(struct store *s, struct log_state *log)
{
	struct run_acc *run = &log->run;
	int r;

	if (!run->open || !run->dirty)
		return 0;
	r = flush_tail(s, run);
	if (r == 0)
		r = update_row(s, log);
	if (r == 0)
		r = put_measures(s, run);
	if (r == 0)
		run->dirty = false;
	return r;
}
