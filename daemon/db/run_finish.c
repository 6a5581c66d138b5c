/* SPDX-License-Identifier: MIT */
/* The end of a run: what its entry says of it. */
#include "base/timefmt.h"
#include "db/log_state.h"

static int put_block(struct store *s, const struct run_acc *run, int64_t id,
		     const struct run_pending *p, const void *data)
{
	(void)run;
	return stmt_run(&s->stmts, block_add, V_INT(id), V_INT(p->first), V_BLOB(data, p->len));
}

/* All blocks of a run that ends. */
static int store_blocks(struct store *s, struct run_acc *run, struct run_extra *extra)
{
	int64_t first = TAIL_ID(run->id, 0), last = TAIL_ID(run->id + 1, 0) - 1;
	sqlite3_stmt *q;
	int r;

	extra->blocks = run->parked + s->n_pending;
	extra->block = TIME_UNKNOWN;
	if (extra->blocks == 0)
		return 0;
	r = stmt_begin(&s->stmts, block_next, &q);
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	extra->block = sqlite3_column_int64(q, 0);
	stmt_end(q);
	if (run->parked > 0) {
		r = stmt_run(&s->stmts, block_from_tail, V_INT(extra->block), V_INT(first),
			     V_INT(last));
		if (r == 0 && sqlite3_changes(s->handle) != (int)run->parked)
			r = -EBADMSG;
		if (r == 0)
			r = stmt_run(&s->stmts, tail_drop, V_INT(first), V_INT(last));
	}
	return r < 0 ? r : run_put_pending(s, run, extra->block + run->parked, put_block);
}

/* What the records hold against what the pen counted. True: they agree, or cycles are missing so
 * that they cannot. */
static bool totals_agree(const struct run_acc *run, const struct pw_rec_run_end *end)
{
	const struct summary *sum = &run->sum;

	if (end->cycles != run_next_index(run))
		return false;
	if (run->lost > 0 || run->flags & (RUN_START_LOST | RUN_REFUSED))
		return true;
	return end->depth_count == sum->depth_count && end->depth_sum_um == sum->depth_sum_um &&
	       end->period_sum_us == sum->period_sum_us;
}

static int totals_finding(struct store *s, const struct log_state *log,
			  const struct pw_rec_run_end *end)
{
	const struct run_acc *run = &log->run;
	_cleanup_(buf_done) struct buf b = BUF_INIT(4096);

	json_open(&b, '{');
	json_kv_int(&b, "cycles", run_next_index(run));
	json_kv_int(&b, "depth_count", (int64_t)run->sum.depth_count);
	json_kv_int(&b, "depth_sum_um", (int64_t)run->sum.depth_sum_um);
	json_kv_int(&b, "number", run->number);
	json_kv_int(&b, "pen_cycles", end->cycles);
	json_kv_int(&b, "pen_depth_count", end->depth_count);
	json_key(&b, "pen_depth_sum_um");
	json_uint(&b, end->depth_sum_um);
	json_key(&b, "pen_period_sum_us");
	json_uint(&b, end->period_sum_us);
	json_kv_int(&b, "period_sum_us", (int64_t)run->sum.period_sum_us);
	json_kv_int(&b, "run", run->id);
	json_close(&b, '}');
	return b.error ? b.error : finding_add(s, log->serial, "run.totals", b.data, 0);
}

static void kv_known(struct buf *b, const char *key, int64_t value)
{
	if (value != TIME_UNKNOWN)
		json_kv_int(b, key, value);
}

static void kv_pair(struct buf *b, const char *key, int64_t first, int64_t second)
{
	json_key(b, key);
	json_open(b, '[');
	json_int(b, first);
	json_int(b, second);
	json_close(b, ']');
}

static void kv_measures(struct buf *b, const struct run_acc *run)
{
	if (run->n_measures == 0)
		return;
	json_key(b, "measurements");
	json_open(b, '[');
	for (uint32_t i = 0; i < run->n_measures; i++) {
		const struct run_measure *m = &run->measure[i];

		json_open(b, '[');
		json_int(b, m->quantity);
		json_int(b, m->count);
		json_int(b, m->min);
		json_int(b, m->max);
		json_int(b, m->sum);
		json_int(b, m->square_sum);
		json_close(b, ']');
	}
	json_close(b, ']');
}

/*
 * There is one such entry per run, so its size counts: a short run's cycles take no more than 2
 * KiB. What is as usual is not said: the motor was switched off (end_reason 0) and was on from the
 * first tick to the last; the pen is the actor.
 */
static int add_entry(struct store *s, struct log_state *log, const struct pw_rec_run_end *end,
		     const char *digest, const struct run_extra *extra)
{
	struct entry_info info = {.action = "run.add", .pen = log->serial};
	struct run_acc *run = &log->run;
	uint8_t sum[CHAIN_HASH_SIZE];
	struct buf *b = entry_begin(s);

	chain_summary(&run->sum, sum);
	kv_known(b, "after_us", run->after_us);
	kv_known(b, "before_us", run->before_us);
	json_kv_int(b, "boot", run->boot);
	if (!end)
		json_kv_bool(b, "cut", true);
	json_kv_int(b, "cycles", (int64_t)run->sum.cycles);
	kv_known(b, "depth_set_um", run->depth_set_um);
	json_kv_text(b, "digest", digest);
	if (end && end->reason != PW_END_OFF)
		json_kv_int(b, "end_reason", end->reason);
	if (run->flags)
		json_kv_int(b, "flags", run->flags);
	if (run->n_gaps > 0) {
		json_key(b, "gaps");
		run_gaps_text(run, b);
	}
	json_kv_int(b, "log", log->id);
	if (run->lost > 0)
		json_kv_int(b, "lost_cycles", (int64_t)run->lost);
	kv_measures(b, run);
	json_kv_int(b, "number", run->number);
	if (end && end->on_time_us != run->tick_end_us - run->tick_start_us)
		json_kv_int(b, "on_time_us", (int64_t)MIN(end->on_time_us, (uint64_t)INT64_MAX));
	json_kv_int(b, "run", run->id);
	kv_pair(b, "seq", run->first_seq, run->last_seq);
	json_key(b, "summary");
	json_hex(b, sum, SUMMARY_DIGEST_SIZE);
	kv_pair(b, "tick_us", (int64_t)run->tick_start_us, (int64_t)run->tick_end_us);
	kv_known(b, "voltage_mv", run->voltage_mv);
	return entry_add(s, &info, extra, NULL);
}

/*
 * A log whose flash was put back to an earlier state begins with what was read before the fork. 1:
 * the run is one of those, and nothing of it is left here.
 */
static int drop_repeated(struct store *s, struct log_state *log, const char *digest)
{
	struct run_acc *run = &log->run;
	sqlite3_stmt *q;
	int r;

	if (log->fork == 0)
		return 0;
	r = stmt_begin(&s->stmts, run_again, &q, V_INT(run->boot), V_INT(run->first_seq),
		       V_INT(log->id), V_INT(run->number), V_INT(run->last_seq),
		       V_INT(run->tick_start_us), V_INT(run->tick_end_us), V_TEXT(digest));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	stmt_end(q);
	buf_reset(&s->pending);
	s->n_pending = 0;
	run->open = run->dirty = false;
	if (!run->listed)
		return 1;
	r = stmt_run(&s->stmts, tail_drop, V_INT(TAIL_ID(run->id, 0)),
		     V_INT(TAIL_ID(run->id + 1, 0) - 1));
	if (r == 0)
		r = stmt_run(&s->stmts, measure_drop, V_INT(run->id));
	if (r == 0)
		r = stmt_run(&s->stmts, run_drop, V_INT(run->id));
	return r < 0 ? r : 1;
}

int run_finish(struct store *s, struct log_state *log, const struct pw_rec_run_end *end)
{
	struct run_acc *run = &log->run;
	struct run_extra extra = {.summary = &run->sum};
	uint8_t digest[RUN_DIGEST_SIZE];
	char hex[2 * RUN_DIGEST_SIZE + 1];
	uint32_t total = end ? MIN(end->cycles, LIMIT_RUN_CYCLES) : 0;
	int r = 0;

	assert(run->open);
	if (total > run_next_index(run))
		r = run_add_gap(s, run, run_next_index(run), total - run_next_index(run));
	if (r == 0)
		r = run_seal(s, run);
	if (r < 0)
		return r;
	run_digest_final(&run->digest, run->gap, run->n_gaps, digest);
	chain_hex(digest, sizeof(digest), hex);
	r = drop_repeated(s, log, hex);
	if (r != 0)
		return MIN(r, 0);
	if (end && !totals_agree(run, end)) {
		run->flags |= RUN_TOTALS;
		r = totals_finding(s, log, end);
	}
	if (r == 0)
		r = store_blocks(s, run, &extra);
	run->open = run->dirty = false;
	extra.run = run->id;
	extra.ticks = run_ticks_of(log);
	return r == 0 ? add_entry(s, log, end, hex, &extra) : r;
}
