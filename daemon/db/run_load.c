/* SPDX-License-Identifier: MIT */
/* A run that is open, rebuilt from its row and its tail. */
#include "db/log_state.h"

/* The cycles held back were a block of their own: whole, or ended by a gap. Then one row held them.
 */
static int close_block(struct run_acc *run, uint32_t *rows)
{
	if (run->fill == 0)
		return 0;
	if (*rows != 1)
		return -EBADMSG;
	run_digest_cycles(&run->digest, run->period, run->depth, run->fill);
	summary_add(&run->sum, run->period, run->depth, run->fill);
	run->fill_index += run->fill;
	run->fill = 0;
	run->parked++;
	*rows = 0;
	return 0;
}

static int skip_gap(struct run_acc *run, uint32_t count, uint32_t *rows)
{
	int r;

	if (count == 0)
		return 0;
	r = close_block(run, rows);
	if (r == 0)
		r = run_acc_gap(run, run->fill_index, count);
	run->fill_index += count;
	return r;
}

/* Feeds the stored cycles of a run into @run as they were fed before. @lost: cycles in gaps, also
 * the one behind the last row. */
static int replay(struct store *s, struct run_acc *run, int64_t lost)
{
	uint32_t rows = 0; /* that make up what is held back */
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, tail_list, &q, V_INT(TAIL_ID(run->id, 0)),
		       V_INT(TAIL_ID(run->id + 1, 0) - 1));
	while (r >= 0 && (r = stmt_step(&s->stmts, q)) > 0) {
		uint32_t index = (uint32_t)sqlite3_column_int64(q, 0), count;

		if (index < run_next_index(run) ||
		    pw_cycles_decode(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1),
				     s->period, s->depth, PW_CYCLES_MAX, &count) != PW_OK)
			return -EBADMSG;
		r = skip_gap(run, index - run_next_index(run), &rows);
		if (r < 0)
			return r;
		if (count > BLOCK_CYCLES - run->fill)
			return -EBADMSG;
		memcpy(run->period + run->fill, s->period, count * sizeof(*s->period));
		memcpy(run->depth + run->fill, s->depth, count * sizeof(*s->depth));
		run->fill += count;
		rows++;
		if (run->fill == BLOCK_CYCLES)
			r = close_block(run, &rows);
	}
	if (r < 0)
		return r;
	if (lost < (int64_t)run->lost || lost > (int64_t)LIMIT_RUN_CYCLES)
		return -EBADMSG;
	return skip_gap(run, (uint32_t)(lost - (int64_t)run->lost), &rows);
}

static int load_measures(struct store *s, struct run_acc *run)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, measure_list, &q, V_INT(run->id));
	while (r >= 0 && (r = stmt_step(&s->stmts, q)) > 0) {
		if (run->n_measures == LIMIT_RUN_MEASURES)
			return -EBADMSG;
		run->measure[run->n_measures++] = (struct run_measure){
			.quantity = (uint8_t)sqlite3_column_int(q, 0),
			.count = (uint32_t)sqlite3_column_int64(q, 1),
			.min = sqlite3_column_int(q, 2),
			.max = sqlite3_column_int(q, 3),
			.sum = sqlite3_column_int64(q, 4),
			.square_sum = sqlite3_column_int64(q, 5),
		};
	}
	return r;
}

int run_load(struct store *s, struct log_state *log)
{
	struct run_acc *run = &log->run;
	sqlite3_stmt *q;
	int64_t lost;
	int r;

	run_acc_reset(run);
	r = stmt_begin(&s->stmts, run_get_open, &q, V_INT(log->id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	run->id = sqlite3_column_int64(q, 0);
	run->number = (uint32_t)sqlite3_column_int64(q, 1);
	run->boot = (uint32_t)sqlite3_column_int64(q, 2);
	run->flags = (uint32_t)sqlite3_column_int64(q, 3);
	run->first_seq = sqlite3_column_int64(q, 4);
	run->last_seq = sqlite3_column_int64(q, 5);
	run->tick_start_us = (uint64_t)sqlite3_column_int64(q, 6);
	run->tick_end_us = (uint64_t)sqlite3_column_int64(q, 7);
	run->voltage_mv = stmt_optional(q, 8);
	run->depth_set_um = stmt_optional(q, 9);
	lost = sqlite3_column_int64(q, 10);
	run->after_us = stmt_optional(q, 11);
	run->before_us = stmt_optional(q, 12);
	stmt_end(q);
	r = replay(s, run, lost);
	if (r == 0)
		r = load_measures(s, run);
	if (r < 0)
		return r;
	run->tail_end = run_next_index(run);
	run->open = run->listed = true;
	return 0;
}
